"""A run records a digest of its data, and later commands report or refuse other data."""

import json

import numpy as np
import pytest
from programs import in_process, refused
from trainings import Crash, CrashAt

from vgg_keras import compare, evaluate, load_dataset, rerun, search, train
from vgg_keras.errors import InputError

pytestmark = pytest.mark.slow

SMALL = {"epochs": 1, "filters": [2], "dense": [4], "verbose": 0}


@pytest.fixture
def arrays(mnist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (x_train, y_train), (x_test, y_test) = mnist.first(200)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def mended(arrays):
    labels = arrays["y_train"].copy()
    labels[5] = (labels[5] + 1) % 10
    return {**arrays, "y_train": labels}


def test_a_run_does_not_go_on_with_other_data(arrays, capsys):
    np.savez("own.npz", **arrays)
    options = {**SMALL, "dataset": "own.npz", "name": "a", "epochs": 2}
    with pytest.raises(Crash):
        train(**options, callbacks=[CrashAt(9)])
    np.savez("own.npz", **mended(arrays))
    with pytest.raises(InputError, match="resume: expected the data that the run was started with"):
        train(**options, resume=True)
    line = refused(capsys, "train", "--config", "logs/train/a/config.json", "--resume", "--quiet")
    assert "others in" in line
    np.savez("own.npz", **arrays)
    assert train(**options, resume=True, callbacks=[CrashAt(99)]).status == "finished"


def test_a_comparison_with_a_saved_run_says_that_the_data_have_changed(arrays):
    np.savez("own.npz", **arrays)
    train(**SMALL, dataset="own.npz", name="a")
    np.savez("own.npz", **mended(arrays))
    result = compare(**SMALL, dataset="own.npz", against="logs/train/a", name="b")
    assert list(result.against.changed) == ["data"]


def test_evaluate_says_that_the_data_have_changed(arrays, capsys):
    np.savez("own.npz", **arrays)
    train(**SMALL, dataset="own.npz", name="a")
    capsys.readouterr()
    evaluate("logs/train/a")
    assert capsys.readouterr().err == ""
    np.savez("own.npz", **mended(arrays))
    evaluate("logs/train/a")
    assert "are not those that the model was trained on" in capsys.readouterr().err
    evaluate("logs/train/a", dataset="own.npz")
    assert capsys.readouterr().err == ""


def test_a_trial_is_not_run_again_on_other_data(arrays):
    np.savez("own.npz", **arrays)
    space = {"filters_choices": [2], "blocks_choices": [1], "convolutions_choices": [1]}
    options = {**SMALL, **space, "dense_choices": [4, 8], "trials": 1}
    del options["filters"], options["dense"]
    found = search(**options, dataset="own.npz")
    np.savez("own.npz", **mended(arrays))
    with pytest.raises(InputError, match="data: expected the data of the search, received others"):
        rerun(found.path, "0")


def test_a_run_is_used_from_another_folder(arrays, tmp_path, monkeypatch, capsys):
    np.savez("own.npz", **arrays)
    (tmp_path / "my.py").write_text(MODEL)
    options = [
        "--dataset",
        "own.npz",
        "--model",
        "my.py:make_model",
        "--name",
        "a",
        "--epochs",
        "1",
    ]
    assert in_process("train", *options, "--quiet") == 0
    result = json.loads((tmp_path / "logs/train/a/result.json").read_text())
    assert result["config"]["model"] == "my.py:make_model"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert in_process("evaluate", "../logs/train/a") == 0
    again = ["--config", "../logs/train/a/config.json", "--name", "b", "--quiet"]
    assert in_process("train", *again) == 0
    assert "not those" not in capsys.readouterr().err


MODEL = """
import keras
def make_model():
    flatten, dense = keras.layers.Flatten(), keras.layers.Dense(10)
    return keras.Sequential([keras.Input((28, 28, 1)), flatten, dense])
"""


def test_classes_that_limit_leaves_out_are_named(arrays, capsys):
    order = np.argsort(arrays["y_train"], kind="stable")
    by_class = {
        **arrays,
        "x_train": arrays["x_train"][order],
        "y_train": np.sort(arrays["y_train"]),
    }
    np.savez("own.npz", **by_class)
    load_dataset("own.npz", limit=15)
    said = "the first 15 training examples have none of class 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert said in capsys.readouterr().err
    load_dataset("own.npz")
    assert capsys.readouterr().err == ""
    line = refused(capsys, "train", "--dataset", "own.npz", "--limit", "15", "--filters", "0")
    assert "--filters" in line
