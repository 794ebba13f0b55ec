"""Trainings that take turns, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import keras

Run = Callable[[keras.callbacks.Callback], object]


@dataclass
class Turns:
    """What the turns of a training took.

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


def take_turns(
    runs: Sequence[Run], rounds: int, calls: int, clock: Callable[[], float] = time.perf_counter
) -> list[Turns]:
    """Runs trainings in turns: A B B A, A B B A, and so on.

    Before that each has a turn that warms it up. The first call of a turn does not count.

    Args:
        runs: functions that train, each in a thread of its own, with the callback they get as the
            last one. They are ended when their last turn is over, and must not end before.
        rounds: how often each has two turns.
        calls: of the training function that count in a turn.
        clock: gives seconds.

    Returns:
        For each training its turns, two a round.
    """
    seats = [_Seat(calls, clock) for _ in runs]
    threads = [
        threading.Thread(target=seat.follow, args=(run,))
        for seat, run in zip(seats, runs, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        for seat in [*seats, *([*seats, *reversed(seats)] * rounds)]:
            seat.play()
    finally:
        for seat, thread in zip(seats, threads, strict=True):
            seat.leave()
            thread.join()
    for seat in seats:
        del seat.turns.call_seconds[0]
    return [seat.turns for seat in seats]


class _OverError(Exception):
    """Ends a training that has had all its turns."""


class _Seat(keras.callbacks.Callback):
    """Holds one training until it is its turn, and times it then."""

    def __init__(self, calls: int, clock: Callable[[], float]):
        super().__init__()
        self.turns = Turns()
        self._calls, self._clock = calls, clock
        self._may_play, self._has_played = threading.Semaphore(0), threading.Semaphore(0)
        self._over = False
        self._error: BaseException | None = None

    def play(self) -> None:
        """Lets the training have a turn; called by the one who holds the others."""
        self._may_play.release()
        self._has_played.acquire()
        if self._error:
            raise self._error

    def leave(self) -> None:
        """Ends the training; called by the one who holds the others."""
        self._over = True
        self._may_play.release()

    def follow(self, run: Run) -> None:
        """Trains, in a thread of its own."""
        try:
            self._wait()
            run(self)
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
