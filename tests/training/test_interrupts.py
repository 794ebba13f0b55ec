"""^C, SIGTERM, full disks and diverging trainings: a line, the right status, nothing lost."""

import json
import os
import resource
import signal
import threading
import time

import jsonschema
import keras
import numpy as np
import pytest
from comparisons import SCHEMA
from programs import in_process
from trainings import STEPS, Crash, outcome, run, start, undisturbed

from vgg_keras.errors import InconclusiveError, InputError
from vgg_keras.runtime.signals import deferred_signals
from vgg_keras.training.state_files import load_state

NOBODY = 65534


def interrupt(process, directory, number, times=1):
    """Sends a signal in the second epoch, and returns how long the process took to end."""
    deadline = time.monotonic() + 120
    while not (directory / "state.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    began = time.monotonic()
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.2)
    _, error = process.communicate(timeout=60)
    return time.monotonic() - began, error


@pytest.mark.slow
def test_interrupted_it_saves_its_state_and_says_how_to_go_on(tmp_path):
    home = tmp_path / "a" / "train" / "a"
    process = start(tmp_path / "a", "--trainer", "fit", "--epochs", "6")
    seconds, error = interrupt(process, home, signal.SIGTERM)
    assert process.returncode == 143
    assert seconds < 10
    assert json.loads((home / "result.json").read_text())["status"] == "interrupted"
    line = next(line for line in error.splitlines() if line.startswith("Go on with: vgg-keras "))
    command = line.removeprefix("Go on with: vgg-keras ").split()
    assert in_process(*command, "--quiet") == 0
    assert outcome(home) == undisturbed(limit=400, epochs=6, update_freq="epoch")


@pytest.mark.slow
def test_a_second_interrupt_stops_at_once(tmp_path):
    process = start(tmp_path, "--epochs", "50")
    seconds, error = interrupt(process, tmp_path / "train" / "a", signal.SIGINT, times=2)
    assert process.returncode in (130, -signal.SIGINT)  # the latter if Python was ending already
    assert seconds < 10
    assert "Traceback" not in error


def test_a_signal_is_a_request_first_and_handlers_are_put_back():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    noted = []
    with pytest.raises(KeyboardInterrupt) as stopped, deferred_signals() as request:  # noqa: PT012
        signal.raise_signal(signal.SIGTERM)
        noted.append(request.signal)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)  # the second one, at once
    assert noted == [signal.SIGTERM]
    assert stopped.value.args == (signal.SIGTERM,)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


@pytest.mark.slow
def test_a_training_in_another_thread_needs_no_handlers(tmp_path):
    results = []
    thread = threading.Thread(target=lambda: results.append(run(tmp_path, "a", epochs=1)))
    thread.start()
    thread.join()
    assert results[0]["status"] == "finished"


class InStep(keras.callbacks.Callback):
    """Does something after a step, counted from 1 over all epochs."""

    def __init__(self, step, action):
        super().__init__()
        self.step, self.action = step, action

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == self.step:
            self.action(self.model)


@pytest.mark.slow
@pytest.mark.parametrize(("trainer", "room"), [("tape", 1), ("fit", 20_000)])
def test_on_a_full_disk_the_last_state_is_kept(tmp_path, trainer, room):
    # 20,000 bytes are enough for events, not for the state
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(model):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))

    def nothing(model):
        pass

    try:
        with pytest.raises(InputError) as refused:
            run(tmp_path, "a", callbacks=[InStep(STEPS + 2, fill)], trainer=trainer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "File too large" in str(refused.value)
    assert "mend it and go on with: vgg-keras train --config" in str(refused.value)
    run(tmp_path, "a", resume=True, callbacks=[InStep(STEPS + 2, nothing)], trainer=trainer)
    assert outcome(tmp_path / "train" / "a") == undisturbed()


@pytest.mark.slow
def test_when_the_permission_to_write_is_lost_the_last_state_is_kept(tmp_path):
    whole, home, user = undisturbed(), tmp_path / "train" / "a", os.geteuid()

    def forbid(model):
        home.chmod(0o500)
        os.seteuid(user or NOBODY)  # the superuser may write anywhere

    try:
        with pytest.raises(InputError, match=r"Permission denied.*; mend it and go on with: "):
            run(tmp_path, "a", callbacks=[InStep(STEPS + 2, forbid)])
    finally:
        os.seteuid(user)
        home.chmod(0o700)
    run(tmp_path, "a", resume=True, callbacks=[InStep(STEPS + 2, lambda model: None)])
    assert outcome(home) == whole


def test_on_a_disk_that_is_still_full_a_resumed_training_says_what_to_do(tmp_path):
    with pytest.raises(Crash):
        run(tmp_path, "a", STEPS + 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        with pytest.raises(
            InputError, match=r"File too large.*; mend it and go on with: vgg-keras"
        ):
            run(tmp_path, "a", resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_loss_that_is_not_finite_ends_a_run_in_a_line_and_is_reported(tmp_path, capsys):
    options = ["--limit", "80", "--epochs", "2", "--filters", "4", "--quiet"]
    huge = ["--class-weight", "{0: 1e38, 1: 1e38}"]
    place = ["--logdir", tmp_path, "--name", "a"]
    assert in_process("train", *options, *huge, *place) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "finite figures, received a training loss of inf in step 1 of epoch 1, first" in line
    result = json.loads((tmp_path / "train" / "a" / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    assert result["status"] == "failed"
    assert result["reason"] in line
    page = (tmp_path / "train" / "a" / "report.html").read_text()
    assert "The run has failed. training: expected finite figures" in page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trainer", "layer", "step", "message"),
    [
        # where ReLU makes 0 of NaN, the loss stays finite
        ("tape", 1, 2 * STEPS, r"after epoch 2, .*: block1_conv2 \(weights\)"),
        ("fit", -1, STEPS + 2, r"of nan in step 3 of epoch 2, .*: block1_conv1 \(weights\)"),
    ],
)
def test_the_first_layer_that_is_not_finite_is_named(tmp_path, trainer, layer, step, message):
    def spoil(model):
        bias = model.stack[layer].bias
        bias.assign(np.full(bias.shape, np.nan))

    with pytest.raises(InconclusiveError, match=message):
        run(tmp_path, "a", callbacks=[InStep(step, spoil)], trainer=trainer)
    assert load_state(tmp_path / "train" / "a")["epoch"] == 1
