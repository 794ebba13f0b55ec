"""Finds the first difference between two trainings by running them step by step together."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import keras

from vgg_keras.runs.results import Difference
from vgg_keras.training.snapshot import Snapshot
from vgg_keras.training.training import Training

Place = tuple[int, int | None, str]
"""Epoch, step and stage; at the stage `step` the snapshot's own stages are named."""


def first_difference(trainings: Sequence[Training]) -> Difference | None:
    """Runs two trainings in lockstep until they differ.

    Args:
        trainings: Two trainings; each is run in a thread of its own.

    Returns:
        The first difference, or None if there is none.
    """
    meeting = _Meeting()
    errors: list[BaseException] = []

    def follow(training: Training, index: int) -> None:
        try:
            training.run([_Pace(meeting, index)])
            meeting.arrive(index, (0, None, "end"), Snapshot())
        except (_FoundError, threading.BrokenBarrierError):
            pass
        except BaseException as error:
            errors.append(error)
            meeting.barrier.abort()

    threads = [
        threading.Thread(target=follow, args=(training, index))
        for index, training in enumerate(trainings)
    ]
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


class _FoundError(Exception):
    """Ends a training whose difference was found."""


class _Meeting:
    """Where both trainings wait for each other and compare their states."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, action=self._compare)
        self.difference: Difference | None = None
        self._arrived: list[tuple[Place, Snapshot]] = [((0, None, ""), Snapshot())] * 2

    def arrive(self, index: int, place: Place, snapshot: Snapshot) -> None:
        self._arrived[index] = (place, snapshot)
        self.barrier.wait()
        if self.difference:
            raise _FoundError

    def _compare(self) -> None:
        (place, first), (other_place, second) = self._arrived
        if place != other_place:
            epoch, step, _ = max(place, other_place, key=lambda p: (p[0], p[1] or 0))
            self.difference = Difference(epoch, step, "steps")
        else:
            self.difference = compare_snapshots(place, first, second)


def compare_snapshots(place: Place, first: Snapshot, second: Snapshot) -> Difference | None:
    """Finds the first array that differs between two snapshots of the same place.

    Returns:
        The difference, with its size, or None.
    """
    mismatch = first.first_difference(second)
    if mismatch is None:
        return None
    epoch, step, stage = place
    stage = mismatch.stage if stage == "step" else stage
    return Difference(epoch, step, stage, *mismatch[1:])


class _Pace(keras.callbacks.Callback):
    """Brings one training to the meeting after each step and each validation."""

    def __init__(self, meeting: _Meeting, index: int):
        super().__init__()
        self._meeting, self._index, self._epoch = meeting, index, 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        snapshot = Snapshot(weights=Snapshot.take(self.model).weights)
        self._meeting.arrive(self._index, (1, None, "initial"), snapshot)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        place = (self._epoch, batch + 1, "step")
        self._meeting.arrive(self._index, place, Snapshot.take(self.model, logs))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        place = (self._epoch, None, "validation")
        self._meeting.arrive(self._index, place, Snapshot.take(self.model, logs))
