"""Snapshots of a training, saved as it goes, from one of which it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import tensorflow as tf

from vgg_keras.callbacks.events import cut_events, sizes_of_events
from vgg_keras.config import ModelConfig
from vgg_keras.errors import InputError
from vgg_keras.runtime import compat
from vgg_keras.runtime.signals import StopRequest
from vgg_keras.training.snapshot import Snapshot

Logs = Mapping[str, float] | None


class Checkpoints(keras.callbacks.CallbackList):
    """Callbacks of a training that can be killed at any moment, and goes on with the same bits.

    A snapshot is saved after each epoch, and inside of epochs as often as the configuration says. A
    training that starts where one was saved goes on from there: the steps that it had made are
    passed over without their hooks.

    Args:
        home: Folder that gets the snapshots, and has the event files of the callbacks.
        config: Gives `epochs` and `save_every`.
        callbacks: Callbacks; what they have seen is part of a snapshot.
        request: Request to stop, which is raised once a snapshot is saved.
    """

    def __init__(
        self,
        home: Path,
        config: ModelConfig,
        callbacks: Sequence[keras.callbacks.Callback],
        request: StopRequest,
    ):
        super().__init__(list(callbacks), add_history=True)
        self._home, self._config, self._request = home, config, request
        self._saved: Snapshot | None = None
        self._logs: Logs = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        """Restores the newest snapshot, if there is one."""
        self._saved = Snapshot.load(self._home)
        self._restore()
        cut_events(self._home, self._saved.events if self._saved else {})
        super().on_train_begin(logs)
        self._restore()  # the callbacks have started from nothing

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Passes over the steps of the epoch that were made before."""
        if self._saved and epoch < self._saved.epoch:
            raise InputError(
                f"--resume: expected a trainer that starts at model._initial_epoch, "
                f"{self._saved.epoch}, received one that starts at epoch {epoch}: it cannot be "
                "resumed; start another run"
            )
        super().on_epoch_begin(epoch, logs)
        self._epoch, self._made, self._drawn = epoch, 0, 0
        if self._saved and self._saved.epoch == epoch and self._saved.step:
            self._restore()
            self._made = self._saved.step
            self._pass_over(self._saved)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Notes the step."""
        self._begin = batch
        if batch >= self._made:
            super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Saves a snapshot if it is time to, or to stop."""
        self._logs, self._end = logs, batch + 1
        if self._begin < self._made:
            if not self._drawn:
                raise InputError(
                    "--resume: expected a trainer that calls model.train_function for each step, "
                    "received one that does not: it cannot be resumed inside of an epoch; start "
                    "another run"
                )
            return
        super().on_train_batch_end(batch, logs)
        every = self._config.save_every
        due = every and self._end // every > self._begin // every
        if due or self._request.agree():
            self._save(self._snapshot(self._epoch, self._end))

    def on_test_begin(self, logs: Logs = None) -> None:
        """Takes the snapshot to be saved if the validation is interrupted."""
        self._before_test = self._snapshot(self._epoch, self._end)
        super().on_test_begin(logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Stops if that was requested."""
        super().on_test_batch_end(batch, logs)
        if self._request.agree():
            self._save(self._before_test)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Saves a snapshot."""
        super().on_epoch_end(epoch, logs)
        self._before_test = Snapshot()
        self._save(self._snapshot(epoch + 1, 0))

    def on_train_end(self, logs: Logs = None) -> None:
        """Leaves the history of all epochs."""
        super().on_train_end(logs)
        self.model.history = self._history

    def _snapshot(self, epoch: int, step: int) -> Snapshot:
        return Snapshot.take(
            self.model,
            self._logs,
            metrics=self._metrics(),
            callbacks=self.callbacks,
            epoch=epoch,
            step=step,
            stopped=bool(self.model.stop_training),
        )

    def _save(self, snapshot: Snapshot) -> None:
        tf.summary.flush()
        replace(snapshot, events=sizes_of_events(self._home)).save(self._home)
        self._request.agree()
        self._request.raise_if_set()

    def _restore(self) -> None:
        if self._saved is None:
            return
        self._saved.restore(self.model, self._metrics(), self.callbacks)
        ended = self._saved.stopped and not self._saved.step
        epoch = self._config.epochs if ended else self._saved.epoch
        compat.set_initial_epoch(self.model, epoch)

    def _pass_over(self, saved: Snapshot) -> None:
        model, train = self.model, self.model.train_function

        def draw(batches: Iterator, *count: int) -> Logs:
            self._drawn += 1
            for _ in range(model.steps_per_execution):
                next(batches, None)
            if self._begin + model.steps_per_execution >= self._made:
                model.train_function, model.stop_training = train, saved.stopped
            return saved.figures

        model.train_function = draw

    def _metrics(self) -> Sequence[keras.Metric]:
        return self.params.get("metrics", self.model.metrics)  # a trainer may have its own
