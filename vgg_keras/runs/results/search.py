"""What `search` leaves: its trials and the best design."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from vgg_keras.runs.record import Record
from vgg_keras.runs.results.result import Result
from vgg_keras.runs.results.training import Test


@dataclass(frozen=True)
class Trial(Record):
    """A trial of a search.

    Attributes:
        id: KerasTuner's id of it.
        values: Values of the hyperparameters.
        trainer: Name of the trainer.
        status: `completed`, `failed` or `running`.
        score: Mean of the scores.
        scores: One score an execution.
        seeds: One seed an execution.
        best_epoch: Best epoch of the first execution, counted from 1.
        seconds: Time of all executions.
        parameters: Number of parameters of the model.
        reason: Why the trial failed.
        interval: Wilson's 95 % interval of a score that is an accuracy: what other held-out images
            may change.
    """

    id: str
    values: dict[str, Any]
    trainer: str
    status: str
    score: float | None
    scores: list[float]
    seeds: list[int]
    best_epoch: int | None
    seconds: float
    parameters: int | None
    reason: str | None
    interval: list[float] | None = None


@dataclass(frozen=True)
class Best(Record):
    """The best design of a search, retrained.

    Attributes:
        trial: Id of its trial.
        values: Values of the hyperparameters.
        score: Score of the trial.
        test: What the retrained model reached on the test images.
        model: File of the retrained model.
    """

    trial: str
    values: dict[str, Any]
    score: float
    test: Test
    model: str


@dataclass(frozen=True, kw_only=True, repr=False)
class SearchResult(Result):
    """What `search` leaves.

    Attributes:
        data: Numbers of images, and the sha256 of the held-out ones' indices among the training
            images, as little-endian int64.
        space: The hyperparameters, by name.
        trials: The trials so far.
        best: The best design, retrained; None if no trial was completed.
    """

    model_file: ClassVar[str] = "best.keras"

    data: dict[str, Any] = field(default_factory=dict)
    space: dict[str, dict[str, Any]] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    best: Best | None = None

    @property
    def near_best(self) -> set[str]:
        """The ids of the trials whose interval holds the highest score: chance may rank them so."""
        known = [trial for trial in self.trials if trial.score is not None and trial.interval]
        highest = max((trial.score or 0 for trial in known), default=0)
        return {trial.id for trial in known if trial.interval and trial.interval[1] >= highest}

    @property
    def history(self) -> dict[str, float | None]:
        """The score of each trial."""
        return {trial.id: trial.score for trial in self.trials}
