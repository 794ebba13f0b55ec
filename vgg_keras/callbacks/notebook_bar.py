"""A progress bar for notebooks, which leaves no control characters in what they save."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import keras
from IPython.display import ProgressBar

REFRESH_SECONDS = 0.2


class NotebookBar(keras.callbacks.Callback):
    """Shows how much of a training is done.

    Args:
        epochs: Epochs of the training.
        steps: Steps of an epoch.
    """

    def __init__(self, epochs: int, steps: int):
        super().__init__()
        self._steps, self._bar, self._shown = steps, ProgressBar(epochs * steps), 0.0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Shows the bar."""
        self._bar.display()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Notes the epoch."""
        self._before = epoch * self._steps

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Moves the bar, a few times a second."""
        if time.monotonic() > self._shown + REFRESH_SECONDS:
            self._bar.progress = self._before + batch + 1
            self._shown = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Moves the bar to the end of the epoch."""
        self._bar.progress = self._before + self._steps
