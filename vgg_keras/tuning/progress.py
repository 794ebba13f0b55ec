"""What a worker is doing, written every second for whoever watches."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import keras

from vgg_keras.runs.files import write_json
from vgg_keras.tuning.status import Status, Watch

SECONDS = 1.0
STUCK_SECONDS = 600.0
"""A training that makes no step for so long hangs; the first of a large model takes minutes."""


class Progress(keras.callbacks.Callback):
    """Writes the status of this worker every second, from a thread of its own.

    Args:
        path: File, from `status_file`.
        objective: Name of the objective in the logs.

    Attributes:
        stepped: Whether the trial has made a step.
    """

    def __init__(self, path: Path, objective: str):
        super().__init__()
        self._path, self._objective = path, objective
        self._status = Status()
        self.stepped = False
        self._began, self._first, self._moved, self._now = 0.0, 0, 0.0, 0.0
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Writes the status inside a `with`, and removes it at its end."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._write()
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()
            self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        watch = Watch()
        while not self._ended.wait(SECONDS):
            self._now = watch.seconds()
            if self._status.trial is None or self._now - self._moved < STUCK_SECONDS:
                self._status.beat = time.time()
                self._write()

    def _write(self) -> None:
        with (
            self._lock,
            suppress(OSError),
        ):  # a training goes on without it
            write_json(self._path, dataclasses.asdict(self._status))

    def begin(self, trial: str, execution: int) -> None:
        """Says what is trained from now on."""
        self.stepped = self.stepped and execution > 0
        self._moved = self._now
        self._status = Status(trial, execution, beat=time.time())
        self._write()

    def end(self) -> None:
        """Says that nothing is trained."""
        self._status = Status(beat=time.time())

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._status.epochs = self.params["epochs"]
        self._began, self._first = time.monotonic(), -1
        self._write()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the epoch."""
        self._status.epoch = epoch
        self._first = epoch if self._first < 0 else self._first

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Estimates the time left."""
        self.stepped = True
        self._moved = self._now
        status, steps = self._status, self.params["steps"]
        done = (status.epoch - self._first) * steps + batch + 1
        left = (status.epochs - self._first) * steps - done
        status.seconds_left = (time.monotonic() - self._began) / done * left

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes that the training moves."""
        self._moved = self._now

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the score."""
        self._status.score = float((logs or {})[self._objective])
