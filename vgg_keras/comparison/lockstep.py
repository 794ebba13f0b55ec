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
        trainings: Two trainings; each is run in a thread of its own, but only one at a time.

    Returns:
        The first difference, or None if there is none.
    """
    meeting = _Meeting()
    errors: list[BaseException] = []

    def follow(training: Training, index: int) -> None:
        try:
            meeting.wait_for_turn(index)
            training.run([_Pace(meeting, index)])
            meeting.arrive(index, (0, None, "end"), Snapshot())
        except _OverError:
            pass
        except BaseException as error:
            errors.append(error)
        finally:
            meeting.end()

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
        meeting.end()
        raise
    if errors:
        raise errors[0]
    return meeting.difference


class _OverError(Exception):
    """Ends a training when the difference was found, or the other training has ended."""


class _Meeting:
    """Lets two trainings run in turn, each up to the next place, and compares their states there.

    They do not run at the same time: TensorFlow may crash if two threads trace graphs at once, and
    the processes of a cluster must all run the same step.
    """

    def __init__(self) -> None:
        self.difference: Difference | None = None
        self._over = False
        self._turns = (threading.Semaphore(1), threading.Semaphore(0))
        self._arrived: tuple[Place, Snapshot] = ((0, None, ""), Snapshot())

    def wait_for_turn(self, index: int) -> None:
        self._turns[index].acquire()
        if self._over:
            raise _OverError

    def arrive(self, index: int, place: Place, snapshot: Snapshot) -> None:
        if index == 0:
            self._arrived = (place, snapshot)
        else:
            self._compare(place, snapshot)
            self._over = self.difference is not None
        self._turns[1 - index].release()
        self.wait_for_turn(index)

    def end(self) -> None:
        """Ends both trainings, at their next place at the latest."""
        self._over = True
        for turn in self._turns:
            turn.release()

    def _compare(self, other_place: Place, second: Snapshot) -> None:
        place, first = self._arrived
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
