"""How long epochs and steps take."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import keras


class Timing(keras.callbacks.Callback):
    """Times epochs and steps.

    Args:
        images_per_execution: Images that go through one call of the training function.
        clock: Gives seconds.

    Attributes:
        seconds_per_epoch: Time of each epoch, validation included.
        first_step_seconds: Time of the first call, which traces and compiles the graph.
    """

    remembered = (
        "seconds_per_epoch",
        "first_step_seconds",
        "_step_seconds",
        "_alone_seconds",
        "_seconds_so_far",
    )

    def __init__(self, images_per_execution: int, clock: Callable[[], float] = time.perf_counter):
        super().__init__()
        self._images = images_per_execution
        self._clock = clock
        self._step_seconds: list[list[float]] = []
        self._alone_seconds: list[float] = []
        self.seconds_per_epoch: list[float] = []
        self.first_step_seconds: float | None = None

    @property
    def images_per_second(self) -> float | None:
        """Images a second at the median call.

        The first call of an epoch and the last, which may be short, do not count. None if no
        other was made.
        """
        return self._rate([seconds for epoch in self._step_seconds for seconds in epoch])

    @property
    def images_per_second_of_epoch(self) -> float | None:
        """The same of the epoch alone that ends or has ended.

        Where there were no other calls, as in an epoch that was interrupted or has two steps, the
        first and the last count too, each from its beginning to its end.
        """
        return self._rate(self._step_seconds[-1] or self._alone_seconds)

    def _rate(self, seconds: list[float]) -> float | None:
        return self._images / statistics.median(seconds) if seconds else None

    @property
    def _seconds_so_far(self) -> float:
        return self._clock() - self._epoch_began

    @_seconds_so_far.setter
    def _seconds_so_far(self, seconds: float) -> None:
        self._epoch_began = self._clock() - seconds

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts the epoch's clock."""
        self._epoch_began = self._clock()
        self._step_ended: float | None = None
        self._step_seconds.append([])
        self._alone_seconds = []

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts the step's clock."""
        self._step_began = self._clock()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Adds the time since the last step ended."""
        now = self._clock()
        alone = now - self._step_began
        if self.first_step_seconds is None:
            self.first_step_seconds = alone
        self._alone_seconds.append(alone)
        if self._step_ended is not None and batch + 1 < self.params["steps"]:
            self._step_seconds[-1].append(now - self._step_ended)
        self._step_ended = now

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Adds the time of the epoch."""
        self.seconds_per_epoch.append(self._seconds_so_far)
