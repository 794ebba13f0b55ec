"""Contestants take turns, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import keras


@dataclass
class Turns:
    """What the turns of a contestant took.

    Attributes:
        first_call_seconds: until the first call of the training function has ended, which traces
            and compiles it.
        call_seconds: mean time of a call, one figure a turn.
    """

    first_call_seconds: float = 0.0
    call_seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Of the figures of all turns, in seconds."""
        return statistics.median(self.call_seconds)


class Contestant(Protocol):
    """Somebody who can be timed."""

    turns: Turns

    def play(self) -> None:
        """Has a turn, and adds it to `turns`."""

    def leave(self) -> None:
        """Ends after the last turn."""


def take_turns(contestants: Sequence[Contestant], rounds: int) -> None:
    """Lets contestants play: A B B A, A B B A, and so on.

    Before that each has a turn that warms it up and is forgotten.

    Args:
        contestants: two or more; afterwards their `turns` hold two turns a round.
        rounds: how often each has two turns.
    """
    order = [*contestants, *reversed(contestants)] * rounds
    try:
        for contestant in contestants:
            contestant.play()
            contestant.turns.call_seconds.clear()
        for contestant in order:
            contestant.play()
    finally:
        for contestant in contestants:
            contestant.leave()


class _OverError(Exception):
    """Ends a training that has had all its turns."""


class Training(keras.callbacks.Callback):
    """A training in a thread of its own, which is held until it is its turn.

    The first call of a turn does not count.

    Args:
        run: trains with the callback that it gets, as the last one, until it is ended.
        calls: of the training function that count in a turn.
        clock: gives seconds.

    Attributes:
        turns: what they took.
    """

    def __init__(
        self,
        run: Callable[[keras.callbacks.Callback], object],
        calls: int,
        clock: Callable[[], float] = time.perf_counter,
    ):
        super().__init__()
        self.turns = Turns()
        self._run, self._calls, self._clock = run, calls, clock
        self._may_play, self._has_played = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._train)
        self._over = False
        self._error: BaseException | None = None

    def play(self) -> None:
        """Lets the training have a turn."""
        if self._thread.ident is None:
            self._thread.start()
        self._may_play.release()
        self._has_played.acquire()
        if self._error:
            raise self._error

    def leave(self) -> None:
        """Ends the training."""
        self._over = True
        self._may_play.release()
        if self._thread.ident:
            self._thread.join()

    def _train(self) -> None:
        try:
            self._wait()
            self._run(self)
            raise RuntimeError("expected a training that goes on until its last turn")
        except _OverError:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self._has_played.release()

    def _wait(self) -> None:
        self._may_play.acquire()
        if self._over:
            raise _OverError
        self._began, self._done = self._clock(), -1

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts the turn anew, so that no validation is in it."""
        self._done = -1

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Counts the call, and ends the turn after the last one."""
        self._done += 1
        if self._done not in (0, self._calls):
            return
        float((logs or {})["loss"])  # waits for a device that computes on its own
        now = self._clock()
        if self._done == 0:
            self.turns.first_call_seconds = self.turns.first_call_seconds or now - self._began
            self._began = now
        else:
            self.turns.call_seconds.append((now - self._began) / self._calls)
            self._has_played.release()
            self._wait()
