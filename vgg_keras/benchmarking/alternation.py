"""Variants are timed in alternation, so that whatever else the machine does affects all alike."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import keras
from rich.console import Console
from rich.progress import Progress


@dataclass
class Timings:
    """The times of a variant, in seconds.

    Attributes:
        first_call_seconds: Time until the first call of the training function has ended, which
            traces and compiles it.
        call_seconds: Mean time of a call, one figure a block.
    """

    first_call_seconds: float = 0.0
    call_seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median of all blocks."""
        return statistics.median(self.call_seconds)


class Variant(Protocol):
    """What can be timed."""

    timings: Timings

    def run_block(self) -> None:
        """Runs a block of calls, and adds its time to `timings`."""

    def finish(self) -> None:
        """Ends after the last block."""


def alternate(variants: Sequence[Variant], rounds: int, bar: bool = False) -> None:
    """Runs blocks of variants in the order A B B A, A B B A, and so on.

    Before that each runs a block that warms it up and does not count.

    Args:
        variants: Two or more; afterwards their `timings` hold two blocks a round.
        rounds: How often each runs two blocks.
        bar: Whether a bar shows how far it is; it is drawn between blocks only.
    """
    order = [*variants, *reversed(variants)] * rounds
    try:
        with Progress(
            console=Console(), auto_refresh=False, transient=True, disable=not bar
        ) as progress:
            task = progress.add_task("Blocks", total=len(order))
            for variant in variants:
                variant.run_block()
                variant.timings.call_seconds.clear()
            for variant in order:
                variant.run_block()
                progress.update(task, advance=1, refresh=True)
    finally:
        for variant in variants:
            variant.finish()


class _OverError(Exception):
    """Ends a training whose last block has been run."""


class PacedTraining(keras.callbacks.Callback):
    """A training in a thread of its own, which waits until its next block.

    The first call of a block does not count.

    Args:
        run: Trains with the callback that it gets, as the last one, until it is ended.
        calls: Calls of the training function that count in a block.
        clock: Gives seconds.

    Attributes:
        timings: Times of the blocks.
    """

    def __init__(
        self,
        run: Callable[[keras.callbacks.Callback], object],
        calls: int,
        clock: Callable[[], float] = time.perf_counter,
    ):
        super().__init__()
        self.timings = Timings()
        self._run, self._calls, self._clock = run, calls, clock
        self._may_run, self._has_run = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._train)
        self._over = False
        self._error: BaseException | None = None

    def run_block(self) -> None:
        """Lets the training run a block."""
        if self._thread.ident is None:
            self._thread.start()
        self._may_run.release()
        self._has_run.acquire()
        if self._error:
            raise self._error

    def finish(self) -> None:
        """Ends the training."""
        self._over = True
        self._may_run.release()
        if self._thread.ident:
            self._thread.join()

    def _train(self) -> None:
        try:
            self._wait()
            self._run(self)
            raise RuntimeError("expected a training that goes on until its last block")
        except _OverError:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self._has_run.release()

    def _wait(self) -> None:
        self._may_run.acquire()
        if self._over:
            raise _OverError
        self._began, self._done = self._clock(), -1

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts the block again, so that no validation is in it."""
        self._done = -1

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Counts the call, and ends the block after the last one."""
        self._done += 1
        if self._done not in (0, self._calls):
            return
        float((logs or {})["loss"])  # waits for a device that computes on its own
        now = self._clock()
        if self._done == 0:
            self.timings.first_call_seconds = self.timings.first_call_seconds or now - self._began
            self._began = now
        else:
            self.timings.call_seconds.append((now - self._began) / self._calls)
            self._has_run.release()
            self._wait()
