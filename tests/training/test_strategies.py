"""Several devices share each batch: both trainers, to the last bit, and killed and resumed."""

import json
import subprocess
import sys

import pytest
import tensorflow as tf
from comparisons import SCHEMA
from jsonschema import validate
from programs import refused

# TensorFlow makes devices when it starts, so each test has a process of its own.
SMALL = ["--limit", "96", "--epochs", "2", "--filters", "4,8"]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "vgg_keras", *map(str, arguments), "--json", "--quiet"],
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.slow
def test_both_trainers_are_identical_with_two_devices(tmp_path):
    # the last batch, of 5 images, is shared unevenly
    options = ["--strategy", "mirrored", "--limit", "101", "--histograms", "--require-identical"]
    done = run("compare", *SMALL, *options, "--logdir", tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["parity"] == {
        "verdict": "identical",
        "epochs_compared": 2,
        "first_difference": None,
    }
    assert len(set(result["runs"][0]["digests"])) == 2


OWN_STEPS = """
from vgg_keras import Steps
from vgg_keras.trainers import tape

def make(model):
    steps = tape.make_steps(model)

    def train_step(*batch):
        steps.train_step(*batch)

    def test_step(*batch):
        steps.test_step(*batch)

    return Steps(train_step, test_step, model.metrics)
"""


@pytest.mark.slow
def test_inside_of_an_epoch_steps_that_return_no_figures_have_those_of_fit(tmp_path):
    (tmp_path / "own.py").write_text(OWN_STEPS)
    variants = f"own={tmp_path}/own.py:make,fit"
    options = ["--strategy", "mirrored", "--limit", "101", "--variants", variants]
    done = run("compare", *SMALL, *options, "--logdir", tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["parity"]["verdict"] == "identical"
    own, fit = result["runs"]
    assert own["cumulative"] == fit["cumulative"]


@pytest.mark.slow
def test_xla_on_one_device_is_compared_with_two_devices(tmp_path):
    done = run("compare", *SMALL, "--variants", "tape:jit,fit:mirrored", "--logdir", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["parity"]["first_difference"]["max_abs"] < 1e-6


@pytest.mark.slow
def test_two_devices_part_from_one_in_the_gradients_and_by_roundings_only(tmp_path):
    done = run("compare", *SMALL, "--variants", "tape,tape:mirrored", "--logdir", tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    validate(result, SCHEMA)
    found = result["parity"]["first_difference"]
    assert (found["epoch"], found["step"]) == (1, 1)
    assert found["stage"] in ("metrics", "optimizer")
    assert 0 < found["max_abs"] < 1e-6
    one, two = (run["history"] for run in result["runs"])
    for metric, figures in one.items():
        assert two[metric] == pytest.approx(figures, abs=1e-4)


@pytest.mark.slow
def test_with_two_devices_a_training_goes_on_with_the_same_bits(tmp_path, pytestconfig):
    code = f"""if True:
        from pathlib import Path
        from vgg_keras.runtime.devices import split_processor
        split_processor()
        from trainings import Crash, outcome, run, undisturbed
        options, home = {{"strategy": "mirrored", "limit": 192}}, Path({str(tmp_path)!r})
        for name in ("tape", "fit"):
            try:
                run(home, name, 6 + 4, trainer=name, save_every=3, **options)
            except Crash:
                print("crashed")
            run(home, name, resume=True, trainer=name, save_every=3, **options)
            assert outcome(home / "train" / name) == undisturbed(**options)
            print("the same")
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=pytestconfig.rootpath / "tests",
    )
    assert done.stdout.splitlines() == ["crashed", "the same"] * 2, done.stderr


@pytest.mark.slow
def test_batches_that_leave_a_device_without_images_are_refused(tmp_path):
    options = ["--strategy", "mirrored", "--limit", "97", "--logdir", tmp_path / "logs"]
    done = run("train", *options)
    assert done.returncode == 2
    assert "--strategy: expected batches that leave none of 2 devices without" in done.stderr
    assert "received one of 1 images" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "logs").exists()


def test_devices_that_cannot_be_made_any_more_are_asked_for_in_a_line(tmp_path, capsys):
    tf.zeros(())
    line = refused(capsys, "train", *SMALL, "--strategy", "mirrored", "--logdir", tmp_path / "logs")
    assert "--strategy: expected two devices for mirrored, received a TensorFlow that has" in line
    for option in (["--jit-compile"], ["--steps-per-execution", "2"]):
        line = refused(capsys, "train", *SMALL, "--strategy", "mirrored", *option)
        assert f"{option[0]}: expected " in line
    line = refused(
        capsys, "benchmark", "--variants", "tape:mirrored,matmul", "--logdir", tmp_path / "logs"
    )
    assert "--strategy: expected none beside others than trainers, received mirrored" in line
    assert not (tmp_path / "logs").exists()
