"""What KerasTuner does not keep of a trial: its executions, and why it failed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from vgg_keras.tuning.state import has_state, load_state, save_state


@dataclass(frozen=True)
class Execution:
    """One training of a trial.

    Attributes:
        seed: Seed of its weights, its order and every other random choice.
        score: The objective in the best epoch.
        best_epoch: Best epoch, counted from 1.
        parameters: Number of parameters of the model.
        seconds: Time that it took.
    """

    seed: int
    score: float
    best_epoch: int
    parameters: int
    seconds: float


@dataclass(frozen=True)
class Record:
    """What a trial that has ended leaves in its directory.

    Attributes:
        executions: The trainings; none if it failed.
        reason: Why it failed.
    """

    executions: tuple[Execution, ...] = ()
    reason: str | None = None

    def save(self, directory: Path) -> None:
        """Writes the record into the directory of a trial."""
        save_state(directory / "record.json", asdict(self))

    @classmethod
    def load(cls, directory: Path) -> Record:
        """Reads the record of a trial; an empty one if the trial has not ended.

        Raises:
            InputError: If it is damaged, and so is its copy.
        """
        path = directory / "record.json"
        if not has_state(path):
            return cls()
        value = load_state(path)
        return cls(tuple(Execution(**row) for row in value["executions"]), value["reason"])
