"""Several processes share each batch: all trainers, to the last bit."""

import subprocess
import sys

import pytest
import tensorflow as tf
from clusters import SMALL, by_hand, ended
from programs import refused

from vgg_keras.errors import InputError
from vgg_keras.runtime import devices, peers
from vgg_keras.runtime.cluster import description


@pytest.mark.slow
def test_tape_and_step_are_identical_with_two_workers(of_two):
    result, _ = of_two
    assert result["parity"] == {
        "verdict": "identical",
        "epochs_compared": 3,
        "first_difference": None,
    }
    assert len(set(result["runs"][0]["digests"])) == 3
    assert result["config"]["devices"] == 2
    test = result["runs"][0]["test"]
    assert test["correct"] == round(test["accuracy"] * test["total"])


@pytest.mark.slow
def test_only_the_chief_writes(of_two):
    _, home = of_two
    assert list((home / "temporary").iterdir()) == []
    assert sorted(path.name for path in home.iterdir()) == ["logs", "temporary"]
    run = home / "logs" / "compare" / "a"
    for name in ("tape", "step"):
        for part in ("train", "validation"):
            assert len(list((run / name / "seed-0" / part).glob("events*"))) == 1


MODEL = """
import keras

def make_model():
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(2, 3, activation="relu", kernel_regularizer="l2"),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.5, seed=1),
        keras.layers.Dense(10, "softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


@pytest.mark.slow
def test_tape_and_fit_are_identical_with_three_workers_and_a_model_of_ones_own(tmp_path):
    (tmp_path / "my.py").write_text(MODEL)
    options = ["--model", f"{tmp_path}/my.py:make_model", "--epochs", "3", "--local-workers", "3"]
    small = [*SMALL[:4], *SMALL[6:]]
    process = subprocess.Popen(
        [sys.executable, "-m", "vgg_keras", "compare", *options, *small, "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    result = ended(process)
    assert result["parity"]["verdict"] == "identical"
    assert len(set(result["runs"][0]["digests"])) == 3


KERAS = """
import keras
import numpy as np
import tensorflow as tf
from vgg_keras.runtime.compat import FitOnSeveralDevices, trainer

strategy = tf.distribute.MultiWorkerMirroredStrategy()
data = tf.data.Dataset.from_tensors((np.ones((5, 2), "f"), np.ones((5, 1), "f")))
kind, build = trainer.TensorFlowTrainer, "_maybe_symbolic_build"
broken = trainer.reduce_per_replica, getattr(kind, build)
with FitOnSeveralDevices():
    mended = trainer.reduce_per_replica, getattr(kind, build)
for parts in (broken, (broken[0], mended[1]), (mended[0], broken[1]), mended):
    trainer.reduce_per_replica = parts[0]
    setattr(kind, build, parts[1])
    with strategy.scope():
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
    try:
        model.fit(data, verbose=0)
        print("runs")
    except ValueError as error:
        print("reduction" if "reduction dimension" in str(error) else "batch")
"""


@pytest.mark.slow
def test_keras_has_not_mended_fit_itself():
    for output, errors in by_hand("-c", KERAS):
        assert output.split() == ["batch", "reduction", "batch", "runs"], errors


def test_what_cannot_be_started_is_refused_in_a_line(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    place = ["--logdir", tmp_path / "logs"]
    line = refused(capsys, "train", *SMALL, *place)
    assert "TF_CONFIG: expected {" in line
    line = refused(capsys, "train", "--local-workers", "2", *place)
    assert "--local-workers: expected --strategy multiworker beside it, received none" in line
    line = refused(capsys, "train", *SMALL, "--local-workers", "1", *place)
    assert "--local-workers: expected a number from 2 to 64, received 1" in line
    monkeypatch.setenv("TF_CONFIG", "{}")
    line = refused(capsys, "train", *SMALL, "--local-workers", "2", *place)
    assert "TF_CONFIG: expected none beside --local-workers, received {}" in line
    for option in (["--jit-compile"], ["--steps-per-execution", "2"]):
        line = refused(capsys, "train", *SMALL, *option, *place)
        assert f"{option[0]}: expected " in line
    line = refused(capsys, "compare", "--variants", "tape:mirrored,fit:multiworker", *place)
    assert "--strategy: expected one beside none, received mirrored and multiworker" in line
    assert not (tmp_path / "logs").exists()


def test_a_cluster_that_cannot_be_joined_any_more_is_refused_in_a_line(monkeypatch):
    monkeypatch.setattr(peers, "join", lambda: None)
    monkeypatch.setenv("TF_CONFIG", description(["127.0.0.1:1", "127.0.0.1:2"], 0))
    tf.zeros(())
    with pytest.raises(InputError, match="expected a TensorFlow that has not started"):
        devices.join_cluster()
