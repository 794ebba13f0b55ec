"""Curves for TensorBoard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from vgg_keras.callbacks.timing import Timing
from vgg_keras.config import RunConfig
from vgg_keras.runtime.compat import start_batches_at


class Board(keras.callbacks.TensorBoard):
    """Keras's TensorBoard callback, which also shows the speed.

    Adds `epoch_images_per_second` and `epoch_step_seconds`, at the median step of the epoch. Curves
    of batches go on where a resumed training goes on; Keras starts them from 1.

    Args:
        directory: Folder that gets `train/` and `validation/`.
        config: Gives `update_freq`, `histograms` and `profile`.
        timing: Callback that times, before this one.
        batch_size: Images a step.
    """

    def __init__(self, directory: Path, config: RunConfig, timing: Timing, batch_size: int):
        super().__init__(
            str(directory),
            write_graph=False,
            update_freq=config.update_freq,
            histogram_freq=int(config.histograms),
            profile_batch=config.profile or 0,
        )
        self._images = batch_size
        self._timing = timing

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Goes on counting batches where the optimizer does."""
        super().on_train_begin(logs)
        steps, size = self.params["steps"], self.model.steps_per_execution
        epochs, rest = divmod(int(self.model.optimizer.iterations.numpy()), steps)
        start_batches_at(self, epochs * math.ceil(steps / size) + math.ceil(rest / size))

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the figures of the batch, if they were asked for.

        Keras makes summaries of them in any case, and throws them away: 0.2 ms a step.
        """
        super().on_train_batch_end(batch, None if self.update_freq == "epoch" else logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the figures of the epoch."""
        figures: dict[str, Any] = dict(logs or {})
        if rate := self._timing.images_per_second_of_epoch:
            figures |= {"images_per_second": rate, "step_seconds": self._images / rate}
        super().on_epoch_end(epoch, figures)
