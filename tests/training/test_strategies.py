"""Several devices share each batch: both trainers, to the last bit, and killed and resumed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from comparisons import SCHEMA
from jsonschema import validate
from programs import refused

SMALL = ["--limit", "96", "--epochs", "1", "--filters", "4"]

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

COMMANDS = {
    # the last batch, of 5 images, is shared unevenly
    "both": "compare --strategy mirrored --limit 101 --epochs 2 --histograms --require-identical",
    "own steps": "compare --strategy mirrored --limit 101 --variants own=own.py:make,fit",
    "one and two": "compare --variants tape:jit,fit:mirrored",
    "one image": "train --strategy mirrored --limit 97 --logdir refused",
}

# TensorFlow makes devices when it starts, so that two of them need another process.
PROGRAM = """
import contextlib, io, json, sys
from pathlib import Path
from vgg_keras import cli
from vgg_keras.runtime.devices import split_processor

split_processor()
done = {}
for name, arguments in json.load(sys.stdin).items():
    with contextlib.ExitStack() as outputs:
        output = outputs.enter_context(contextlib.redirect_stdout(io.StringIO()))
        errors = outputs.enter_context(contextlib.redirect_stderr(io.StringIO()))
        status = cli.main(arguments)
    done[name] = status, output.getvalue(), errors.getvalue()

sys.path.append(sys.argv[1])
from trainings import Crash, outcome, run, undisturbed

options = {"strategy": "mirrored", "limit": 192}
done["resumed"] = []
try:
    run(Path("logs"), "a", 6 + 4, trainer="fit", save_every=3, **options)
except Crash:
    done["resumed"].append("crashed")
run(Path("logs"), "a", resume=True, trainer="fit", save_every=3, **options)
if outcome(Path("logs", "train", "a")) == undisturbed(**options):
    done["resumed"].append("the same")
json.dump(done, sys.stdout)
"""


@pytest.fixture(scope="module")
def home(made_once):
    """The folder that the commands have run in."""
    return made_once("devices", run_commands)


def run_commands(home):
    (home / "own.py").write_text(OWN_STEPS)
    commands = {
        name: [*command.split()[:1], *SMALL, *command.split()[1:], "--json", "--quiet"]
        for name, command in COMMANDS.items()
    }
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, Path(__file__).parents[1]],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=400,
        cwd=home,
    )
    assert process.returncode == 0, process.stderr
    (home / "done.json").write_text(process.stdout)


@pytest.fixture(scope="module")
def done(home):
    """Exit status, output and errors of each command, in a process with two devices."""
    return json.loads((home / "done.json").read_text())


def result_of(done, name):
    status, output, errors = done[name]
    assert status == 0, errors
    result = json.loads(output)
    validate(result, SCHEMA)
    return result


@pytest.mark.slow
def test_both_trainers_are_identical_with_two_devices(done):
    result = result_of(done, "both")
    assert result["parity"] == {
        "verdict": "identical",
        "epochs_compared": 2,
        "first_difference": None,
    }
    assert len(set(result["runs"][0]["digests"])) == 2


@pytest.mark.slow
def test_inside_of_an_epoch_steps_that_return_no_figures_have_those_of_fit(done):
    result = result_of(done, "own steps")
    assert result["parity"]["verdict"] == "identical"
    own, fit = result["runs"]
    assert own["cumulative"] == fit["cumulative"]


@pytest.mark.slow
def test_two_devices_and_xla_on_one_part_by_roundings_only(done):
    result = result_of(done, "one and two")
    found = result["parity"]["first_difference"]
    assert (found["epoch"], found["step"]) == (1, 1)
    assert found["stage"] in ("metrics", "optimizer")
    assert 0 < found["max_abs"] < 1e-6
    one, two = (run["history"] for run in result["runs"])
    for metric, figures in one.items():
        assert two[metric] == pytest.approx(figures, abs=1e-4)


@pytest.mark.slow
def test_batches_that_leave_a_device_without_images_are_refused(done, home):
    status, _, errors = done["one image"]
    assert status == 2
    assert "--strategy: expected batches that leave none of 2 devices without" in errors
    assert "received one of 1 images" in errors
    assert len(errors.splitlines()) == 1
    assert not (home / "refused").exists()


@pytest.mark.slow
def test_with_two_devices_a_training_goes_on_with_the_same_bits(done):
    assert done["resumed"] == ["crashed", "the same"]


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
