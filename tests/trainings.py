"""Trainings to be disturbed, and what must not depend on it."""

import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util.tensor_util import make_ndarray

from vgg_keras import train

SMALL = {"limit": 200, "epochs": 3, "filters": [4], "update_freq": "batch"}
STEPS = 7
TIMED = ("epoch_images_per_second", "epoch_step_seconds")
"""Tags whose values depend on the machine's speed; their points must be there all the same."""


class Crash(Exception):
    """Stands for whatever ends a process."""


class CrashAt(keras.callbacks.Callback):
    """Crashes after a step, counted from 1 over all epochs; None for never."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if self.step and int(self.model.optimizer.iterations.numpy()) >= self.step:
            raise Crash


def run(tmp_path, name, crash=None, resume=False, callbacks=(), **options):
    options = {**SMALL, "logdir": tmp_path, "name": name, **options}
    return train(**options, resume=resume, callbacks=[CrashAt(crash), *callbacks], verbose=0)


@functools.cache
def undisturbed(**options):
    """The outcome of a training with these options, by either trainer, that nothing disturbs."""
    with tempfile.TemporaryDirectory() as home:
        run(Path(home), "whole", **options)
        return outcome(Path(home, "train", "whole"))


def outcome(directory):
    """Figures, digests, every point of the curves in order, and the weights that were saved."""
    (entry,) = json.loads((directory / "result.json").read_text())["runs"]
    figures = [entry[part] for part in ("digests", "history", "cumulative", "test", "mistakes")]
    weights = keras.models.load_model(directory / "model.keras").get_weights()
    return figures, curves(directory), [array.tobytes() for array in weights]


def curves(directory):
    return sorted(
        (
            path.parent.name,
            value.tag,
            event.step,
            0 if value.tag in TIMED else make_ndarray(value.tensor).item(),
        )
        for part in ("train", "validation")
        for path in (directory / part).glob("events*")
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "scalars"
    )


def start(tmp_path, *options):
    """Starts a training in a process of its own."""
    small = ["--limit", "400", "--filters", "4", "--quiet"]
    place = ["--logdir", str(tmp_path), "--name", "a"]
    return subprocess.Popen(
        [sys.executable, "-m", "vgg_keras", "train", *small, *place, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
