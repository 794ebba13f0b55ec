"""What KerasTuner does not keep of a trial: seed, score and best epoch of each execution."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from vgg_keras.runs import write_json


@dataclass(frozen=True)
class Execution:
    """One training of a trial.

    Attributes:
        seed: of its weights, its order and every other random choice.
        score: the objective of the best epoch.
        best_epoch: counted from 1.
        parameters: of the model.
        seconds: that it took.
    """

    seed: int
    score: float
    best_epoch: int
    parameters: int
    seconds: float


def write_executions(directory: Path, executions: list[Execution]) -> None:
    """Writes the executions of a trial into its directory."""
    rows = [asdict(execution) for execution in executions]
    write_json(directory / "executions.json", {"executions": rows})


def read_executions(directory: Path) -> list[Execution]:
    """Reads the executions of a trial; none if it has not ended well."""
    path = directory / "executions.json"
    if not path.is_file():
        return []
    return [Execution(**row) for row in json.loads(path.read_text())["executions"]]
