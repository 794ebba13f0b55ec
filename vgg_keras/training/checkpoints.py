"""States of a training, saved as it goes, from one of which it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.callbacks.events import cut_events, sizes_of_events
from vgg_keras.config import ModelConfig
from vgg_keras.datasets import Batches
from vgg_keras.errors import require
from vgg_keras.runtime.signals import Wish
from vgg_keras.trainers.tape import prepare_for_callbacks
from vgg_keras.training.remembered import recall, remind
from vgg_keras.training.saved import load_state, save_state

Logs = Mapping[str, float] | None


class Checkpoints(keras.callbacks.CallbackList):
    """Callbacks of a training that can be killed at any moment, and goes on with the same bits.

    The state is saved after each epoch, and inside of epochs as often as the configuration says. A
    training that starts where one was saved goes on from there: the steps that it had made are
    passed over without their hooks.

    Args:
        home: gets the states, and has the event files of the callbacks.
        data: that is trained on.
        config: gives `epochs` and `save_every`.
        callbacks: what they remember is part of the state.
        wish: to stop, which is obeyed once the state is saved.
    """

    def __init__(
        self,
        home: Path,
        data: Batches,
        config: ModelConfig,
        callbacks: Sequence[keras.callbacks.Callback],
        wish: Wish,
    ):
        super().__init__(list(callbacks), add_history=True)
        self._home, self._data, self._config, self._wish = home, data, config, wish
        self._saved: dict[str, Any] | None = None
        self._logs: Logs = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        """Restores the newest state, if there is one."""
        self._saved = load_state(self._home)
        self._restore()
        cut_events(self._home, self._saved["events"] if self._saved else {})
        super().on_train_begin(logs)
        self._restore()  # the callbacks have begun anew

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Passes over the steps of the epoch that were made before."""
        super().on_epoch_begin(epoch, logs)
        self._epoch, self._made = epoch, 0
        if self._saved and self._saved["epoch"] == epoch and self._saved["step"]:
            self._restore()
            self._made = self._saved["step"]
            self._pass_over(self._saved)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Notes the step."""
        self._begin = batch
        if batch >= self._made:
            super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Saves the state if it is time to, or to stop."""
        self._logs, self._end = logs, batch + 1
        if self._begin >= self._made:
            super().on_train_batch_end(batch, logs)
            every = self._config.save_every
            due = every and self._end // every > self._begin // every
            if due or self._wish.signal:
                self._save(self._state(self._epoch, self._end))

    def on_test_begin(self, logs: Logs = None) -> None:
        """Takes the state to be saved if the validation is interrupted."""
        self._before_test = self._state(self._epoch, self._end)
        super().on_test_begin(logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Stops if that is wished."""
        super().on_test_batch_end(batch, logs)
        if self._wish.signal:
            self._save(self._before_test)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Saves the state."""
        super().on_epoch_end(epoch, logs)
        self._before_test = {}
        self._save(self._state(epoch + 1, 0))

    def on_train_end(self, logs: Logs = None) -> None:
        """Leaves the history of all epochs."""
        super().on_train_end(logs)
        self.model.history = self._history

    def _state(self, epoch: int, step: int) -> dict[str, Any]:
        return {
            "epoch": epoch,
            "step": step,
            "logs": self._logs,
            "stopped": self.model.stop_training,
            "variables": [np.asarray(variable) for variable in self._variables()],
            "callbacks": self._names(),
            "seen": [recall(callback) for callback in self.callbacks],
        }

    def _save(self, state: dict[str, Any]) -> None:
        tf.summary.flush()
        save_state(self._home, {**state, "events": sizes_of_events(self._home)})
        self._wish.obey()

    def _restore(self) -> None:
        if self._saved is None:
            return
        model, saved = self.model, self._saved
        require(self._names() == saved["callbacks"], "callbacks", saved["callbacks"], self._names())
        prepare_for_callbacks(model, self._data, self._config)  # makes the metrics' variables
        if not model.optimizer.built:  # that of float16 would make variables twice
            model.optimizer.build(model.trainable_variables)
        variables, arrays = self._variables(), saved["variables"]
        alike = [variable.shape for variable in variables] == [array.shape for array in arrays]
        expected = "the state of a training of this model"
        require(alike, "--resume", expected, "another; remove it, and the training begins anew")
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        for callback, values in zip(self.callbacks, saved["seen"], strict=True):
            remind(callback, values)
        ended = saved["stopped"] and not saved["step"]
        model._initial_epoch = self._config.epochs if ended else saved["epoch"]

    def _pass_over(self, saved: dict[str, Any]) -> None:
        model, train = self.model, self.model.train_function

        def draw(batches: Iterator, *count: int) -> Logs:
            for _ in range(model.steps_per_execution):
                next(batches, None)
            if self._begin + model.steps_per_execution >= self._made:
                model.train_function, model.stop_training = train, saved["stopped"]
            return saved["logs"]

        model.train_function = draw

    def _variables(self) -> list[tf.Variable]:
        metrics = self.params.get("metrics", self.model.metrics)  # the trainer's own, if it has any
        parts = (self.model, self.model.optimizer, *metrics)
        of_each_device = self.model.distribute_strategy.experimental_local_results
        return [
            copy
            for part in parts
            for variable in part.variables
            for copy in of_each_device(variable.value)
        ]

    def _names(self) -> list[str]:
        return [type(callback).__name__ for callback in self.callbacks]
