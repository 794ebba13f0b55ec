"""What `compare` leaves: parity, equivalence and speed of two ways of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vgg_keras.runs.record import Record
from vgg_keras.runs.results.training import TrainResult


@dataclass(frozen=True)
class Difference(Record):
    """Where two trainings diverge.

    Attributes:
        epoch: Epoch, counted from 1, as the progress bar does.
        step: Step, counted from 1; None before the first step and in validation.
        stage: `initial` (weights before training), `metrics`, `optimizer`, `weights` (after a
            step, in the order in which a step makes them), `validation`, `steps` (one trainer
            goes on where the other does not), `unrepeatable` (repeated, they agree), or `epoch`
            (one is saved, and of it only the state at the end is known).
        variable: Name of the array that differs first; None too if arrays have other shapes.
        max_abs: Largest difference of two of its elements.
        max_ulp: The same in units in the last place, for floats.
    """

    epoch: int
    step: int | None
    stage: str
    variable: str | None = None
    max_abs: float | None = None
    max_ulp: float | None = None


@dataclass(frozen=True)
class Parity(Record):
    """Whether two ways of training agree to the last bit.

    Attributes:
        verdict: `identical`, `diverges`, or `indistinguishable` from their own noise.
        epochs_compared: Number of epochs, over all seeds.
        first_difference: Where they diverge; None if they do not.
    """

    verdict: str
    epochs_compared: int
    first_difference: Difference | None


@dataclass(frozen=True)
class Summary(Record):
    """What repetitions of a figure have in common, in the unit of the figure.

    Attributes:
        mean: Mean of the repetitions.
        deviation: Their standard deviation, with n - 1.
        interval: 95 % interval of the mean, from Student's t distribution.
    """

    mean: float | None
    deviation: float | None
    interval: list[float | None]


@dataclass(frozen=True)
class Paired(Summary):
    """What differences of pairs say, in the unit of the figure.

    Attributes:
        margin: A mean difference below it does not matter.
        p_equivalent: p of the hypothesis that the mean difference is not within the margin.
        p_different: p of the hypothesis that it is 0.
        seeds_needed: How many pairs would reject one of the two with a power of 80 %, if mean and
            deviation stay as they are; None if these pairs do, or cannot.
    """

    margin: float
    p_equivalent: float | None
    p_different: float | None
    seeds_needed: int | None


@dataclass(frozen=True)
class McNemar(Record):
    """The test images that only one of two models gets right.

    Attributes:
        seed: Seed of both trainings.
        only: Their number, by trainer.
        p: p of McNemar's exact test.
    """

    seed: int
    only: dict[str, int]
    p: float


@dataclass(frozen=True)
class Equivalence(Record):
    """How two ways of training compare over many seeds.

    Attributes:
        verdict: `identical`, `indistinguishable`, `equivalent`, `different` or `undecided`.
        seeds: Number of seeds.
        trainers: Final figures over the seeds, by trainer and metric, the first trainer first.
        differences: First trainer minus second, paired by seed, by metric.
        mcnemar: One entry a seed; empty if the models are no classifiers.
    """

    verdict: str
    seeds: int
    trainers: dict[str, dict[str, Summary]]
    differences: dict[str, Paired]
    mcnemar: list[McNemar]


@dataclass(frozen=True)
class Speed(Record):
    """How the times of two trainings, one after the other, compare.

    Attributes:
        first: Name of the first trainer.
        second: Name of the second.
        ratio: Median of the seconds of the first over those of the second: above 1 it is slower.
        interval: Lowest and highest ratio.
        method: How it was measured.
    """

    first: str
    second: str
    ratio: float
    interval: list[float]
    method: str


@dataclass(frozen=True)
class Against(Record):
    """The saved run of a comparison.

    Attributes:
        directory: Its folder.
        trainer: Its trainer, as it names it.
        changed: What differs now, by option or fact: the values before and now.
    """

    directory: str
    trainer: str
    changed: dict[str, list[Any]]


@dataclass(frozen=True)
class Repetition(Record):
    """How a trainer compares with itself.

    Attributes:
        repeatable: Whether two trainings agree to the last bit.
        floor: Absolute difference of each final figure, by metric.
    """

    repeatable: bool
    floor: dict[str, float | None]


@dataclass(frozen=True, kw_only=True, repr=False)
class CompareResult(TrainResult):
    """What `compare` leaves.

    Attributes:
        runs: The trainings that have ended.
        parity: Whether they agree to the last bit.
        equivalence: How they compare over several seeds; None with one.
        speed: How their times compare; None beside a saved run.
        against: The saved run, if there is one.
        self_check: How each trainer compares with itself, if that was asked for.
    """

    parity: Parity | None = None
    equivalence: Equivalence | None = None
    speed: Speed | None = None
    against: Against | None = None
    self_check: dict[str, Repetition] | None = None

    @property
    def names(self) -> list[str]:
        """The names of the two, the first of the comparison first."""
        return list(dict.fromkeys(run.trainer for run in self.runs))

    @property
    def verdict(self) -> str:
        """The answer in a word, such as `identical`; how the run ended if there is none."""
        if self.parity is None:
            return self.status
        if self.equivalence and self.parity.verdict == "diverges":
            return self.equivalence.verdict
        return self.parity.verdict

    @property
    def history(self) -> Any:
        """The figures of each epoch of the first seed, by trainer and metric."""
        return {run.trainer: run.history for run in self.runs if run.seed == self.runs[0].seed}

    @property
    def model_file(self) -> str:  # type: ignore[override]
        """The model of the first training of this run."""
        run = self.runs[1 if self.against else 0]
        return f"{run.trainer.replace(':', '-')}/seed-{run.seed}/model.keras"
