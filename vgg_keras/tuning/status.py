"""What a worker is doing, as a file that its watchers read."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from vgg_keras.errors import InputError
from vgg_keras.runs.files import read_json

LOOK_SECONDS = 2.0

WORKER = re.compile(r"[A-Za-z0-9_.-]{1,200}")
"""The names of workers, which are those of their files too."""


@dataclass
class Status:
    """What a worker is doing.

    Attributes:
        trial: Id of the trial; None between trials.
        execution: Execution, counted from 0.
        epoch: Epoch, counted from 0.
        epochs: Epochs of the execution.
        score: The objective after the last epoch; None before.
        seconds_left: Time left of the execution, by the pace so far; None before its first batch.
        beat: Time by the worker's clock, set every second while it lives and its training moves;
            who watches asks only whether it changes.
    """

    trial: str | None = None
    execution: int = 0
    epoch: int = 0
    epochs: int = 0
    score: float | None = None
    seconds_left: float | None = None
    beat: float = 0.0


def status_file(project: Path, worker: str) -> Path:
    """Where a worker of a project writes its status."""
    return project / "workers" / f"{worker}.json"


def log_file(project: Path, worker: str) -> Path:
    """Where the output of a worker goes."""
    return project / "workers" / f"{worker}.log"


def read_status(project: Path, worker: str) -> Status:
    """Reads the status of a worker; an empty one if it has written none that can be read."""
    try:
        return Status(**read_json(status_file(project, worker)))
    except (InputError, TypeError):
        return Status()


class Watch:
    """A clock for a process that looks at others again and again; it stops when the process does.

    Time in which the process itself stood still, such as while a laptop was closed, does not count:
    from one look to the next at most `LOOK_SECONDS` pass.
    """

    def __init__(self) -> None:
        self._passed, self._looked = 0.0, time.monotonic()

    def seconds(self) -> float:
        """Looks at the clock: the seconds since it was made."""
        now = time.monotonic()
        self._passed += min(now - self._looked, LOOK_SECONDS)
        self._looked = now
        return self._passed


class Silence:
    """How long the workers of a project have been silent.

    Args:
        project: KerasTuner's directory, where workers write their status.
    """

    def __init__(self, project: Path):
        self._project = project
        self._watch = Watch()
        self._heard: dict[str, tuple[Status, float]] = {}

    def seconds(self, worker: str) -> float:
        """Seconds since the status of a worker was first seen as it is now."""
        status, now = read_status(self._project, worker), self._watch.seconds()
        known, since = self._heard.get(worker, (None, now))
        self._heard[worker] = (status, since if status == known else now)
        return now - self._heard[worker][1]
