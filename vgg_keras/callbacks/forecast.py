"""How long trainings will take, said once some steps have been timed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

import keras

from vgg_keras.callbacks.timing import Timing
from vgg_keras.config.base import count
from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.reporting.words import duration

TIMED_SECONDS = 3.0
SHORTEST_SECONDS = 10.0
TEST_COST = 1 / 3
"""Time of a test image over that of a training image, which goes backward too."""


class Forecast(keras.callbacks.Callback):
    """Says how long the trainings that are left will take, if they are not over soon.

    Args:
        timing: Times the steps.
        data: Data of the trainings.
        trainings: Number of those that are left, with this one.
        bar: Whether Keras draws a bar meanwhile, from which the sentence must be kept apart.
        clock: Gives seconds.
    """

    def __init__(
        self,
        timing: Timing,
        data: Batches | StreamBatches,
        trainings: int,
        bar: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__()
        self._timing, self._trainings, self._bar, self._clock = timing, trainings, bar, clock
        self._images = data.train_count + TEST_COST * data.test_count
        self._said = False

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Starts the clock."""
        self._began = self._clock()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Counts the epochs that are left."""
        self._epochs = self.params["epochs"] * self._trainings - epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Says how long it will take, once enough steps have been timed."""
        if self._said or self._clock() - self._began < TIMED_SECONDS:
            return
        if rate := self._timing.images_per_second:
            self._said = True
            seconds = self._epochs * self._images / rate
            if seconds >= SHORTEST_SECONDS:
                trainings = count(self._trainings, "training")
                erased = "\r\x1b[K" if sys.stdout.isatty() else "\n"
                apart = erased if self._bar else ""
                print(f"{apart}About {duration(seconds)} for {trainings}", flush=True)
