"""Whether a trainer of the user's keeps the contract of trainers, said in one line if not."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.errors import InputError
from vgg_keras.runtime import compat


class ContractCheck(keras.callbacks.Callback):
    """Follows a trainer, and refuses one that breaks the contract.

    Args:
        name: Name of the trainer.
        model: Model that it gets.
        data: Batches that it gets.
        config: Gives the number of epochs.
    """

    def __init__(
        self, name: str, model: keras.Model, data: Batches | StreamBatches, config: RunConfig
    ):
        super().__init__()
        self._name, self._given, self._data, self._config = name, model, data, config
        self._before = [np.asarray(variable) for variable in model.trainable_variables]
        self._ended: int | None = None
        self._stopped = False

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Checks the model."""
        self._ended = compat.initial_epoch(self._given)
        if self.model is not self._given:
            self._refuse("callbacks with the model that it is given", "another model")

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts to count the steps."""
        self._steps, self._tested = 0, False

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Counts the steps and looks for the loss."""
        self._steps = batch + 1
        if "loss" not in (logs or {}):
            self._refuse("logs with 'loss' in on_train_batch_end", f"{sorted(logs or {})}")

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks for the loss."""
        self._tested = True
        if "loss" not in (logs or {}):
            self._refuse("logs with 'loss' in on_test_batch_end", f"{sorted(logs or {})}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Checks the epoch."""
        steps, made, stopped = self._data.steps, self._steps, bool(self._given.stop_training)
        if not stopped and not steps <= made < steps + self._given.steps_per_execution:
            self._refuse(f"{steps} steps an epoch", f"{made} in epoch {epoch + 1}")
        if not self._tested:
            self._refuse("hooks of a validation before on_epoch_end", "none")
        if not {"loss", "val_loss"} <= set(logs or {}):
            self._refuse("logs with 'loss' and 'val_loss' in on_epoch_end", f"{sorted(logs or {})}")
        self._ended, self._stopped = epoch + 1, stopped

    def finish(self, history: object) -> None:
        """Checks the whole after the trainer has returned.

        Raises:
            InputError: If it has broken the contract.
        """
        if self._ended is None:
            self._refuse("a loop that calls the hooks of its callbacks", "one that calls none")
        epochs = self._config.epochs
        if self._ended != epochs and not self._stopped:
            self._refuse(f"{epochs} epochs", f"{self._ended}")
        if not isinstance(history, keras.callbacks.History):
            self._refuse("a keras.callbacks.History", f"a {type(history).__name__}")
        now = [np.asarray(variable) for variable in self._given.trainable_variables]
        pairs = zip(self._before, now, strict=True)
        if self._before and all(a.tobytes() == b.tobytes() for a, b in pairs):
            self._refuse("a loop that trains the model that it is given", "weights as before")

    def _refuse(self, expected: str, received: str) -> None:
        raise InputError(
            f"trainer {self._name}: expected {expected}, received {received}; "
            "vgg_keras.trainers.contract says what a loop must do"
        )
