"""Finds the first difference between two trainers by running them step by step together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from vgg_keras.training.snapshot import State, named_arrays, state_of

Place = tuple[int, int | None, str]


@dataclass(frozen=True)
class Difference:
    """Where two trainers part.

    Attributes:
        epoch: counted from 1, as the progress bar does.
        step: counted from 1; None before the first step and in validation.
        stage: `initial` (weights before training), `metrics`, `optimizer`, `weights` (after a
            step, in the order in which a step makes them), `validation`, `steps` (one trainer
            goes on where the other does not), `unrepeatable` (repeated, they agree), or `epoch`
            (one is saved, and of it only the state at the end is known).
        variable: name of the array that differs first; None too if arrays have other shapes.
        max_abs: largest difference of two of its elements.
        max_ulp: the same in units in the last place, for floats.
    """

    epoch: int
    step: int | None
    stage: str
    variable: str | None = None
    max_abs: float | None = None
    max_ulp: float | None = None


def first_difference(
    runs: Sequence[Callable[[keras.callbacks.Callback], None]],
) -> Difference | None:
    """Runs two trainings in lockstep until they differ.

    Args:
        runs: two functions that train, each in a thread of its own, with the callback they get
            as the last one.

    Returns:
        The first difference, or None if there is none.
    """
    meeting = _Meeting()
    errors: list[BaseException] = []

    def follow(run: Callable[[keras.callbacks.Callback], None], index: int) -> None:
        try:
            run(_Pace(meeting, index))
            meeting.come(index, (0, None, "end"), {})
        except (_PartedError, threading.BrokenBarrierError):
            pass
        except BaseException as error:
            errors.append(error)
            meeting.barrier.abort()

    threads = [threading.Thread(target=follow, args=(run, index)) for index, run in enumerate(runs)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        meeting.barrier.abort()  # ends both trainings at their next hook
        raise
    if errors:
        raise errors[0]
    return meeting.difference


class _PartedError(Exception):
    """Ends a training whose difference was found."""


class _Meeting:
    """Where both trainings wait for each other and compare their states."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, action=self._compare)
        self.difference: Difference | None = None
        self._arrived: list[tuple[Place, State]] = [((0, None, ""), {})] * 2

    def come(self, index: int, place: Place, state: State) -> None:
        self._arrived[index] = (place, state)
        self.barrier.wait()
        if self.difference:
            raise _PartedError

    def _compare(self) -> None:
        (place, first), (other_place, second) = self._arrived
        if place != other_place:
            epoch, step, _ = max(place, other_place, key=lambda p: (p[0], p[1] or 0))
            self.difference = Difference(epoch, step, "steps")
        else:
            self.difference = compare_states(place, first, second)


def compare_states(place: Place, first: State, second: State) -> Difference | None:
    """Finds the first array that differs between two states.

    Args:
        place: epoch, step and stage; at the stage `step` the state's own stages are named.
        first: of one trainer.
        second: of the other, with the same stages.

    Returns:
        The difference, with its size, or None.
    """
    epoch, step, stage = place
    for part in first:
        found = part if stage == "step" else stage
        shapes = [[array.shape for _, array in state[part]] for state in (first, second)]
        if shapes[0] != shapes[1]:
            return Difference(epoch, step, found)
        for (name, a), (_, b) in zip(first[part], second[part], strict=True):
            if a.tobytes() != b.tobytes():
                return Difference(epoch, step, found, name, *_size(a, b))
    return None


def _size(a: np.ndarray, b: np.ndarray) -> tuple[float, float | None]:
    with np.errstate(invalid="ignore", over="ignore"):
        difference = float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64))))
    if not np.issubdtype(a.dtype, np.floating):
        return difference, None
    return difference, float(np.max(np.testing.assert_array_max_ulp(a, b, maxulp=np.inf)))


class _Pace(keras.callbacks.Callback):
    """Brings one training to the meeting after each step and each validation."""

    def __init__(self, meeting: _Meeting, index: int):
        super().__init__()
        self._meeting, self._index, self._epoch = meeting, index, 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        state = {"weights": named_arrays(self.model.variables)}
        self._meeting.come(self._index, (1, None, "initial"), state)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        state = state_of(self.model, logs or {})
        self._meeting.come(self._index, (self._epoch, batch + 1, "step"), state)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        state = state_of(self.model, logs or {})
        self._meeting.come(self._index, (self._epoch, None, "validation"), state)
