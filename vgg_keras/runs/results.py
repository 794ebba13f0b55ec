"""What runs leave: `result.json` as objects, each command's by its own class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from vgg_keras.runs.record import NOT_WRITTEN, Record

SCHEMA = 2

FEWEST_ROUNDS = 10
"""A benchmark of fewer rounds has no verdict."""

Figures = dict[str, list[float | None]]
"""One figure an epoch, by metric; None for one that is not finite."""


@dataclass(frozen=True)
class Test(Record):
    """What a trained model reached on the test images.

    Attributes:
        loss: Mean loss.
        accuracy: Share of the images that it gets right, from 0 to 1; None if it is no classifier.
        correct: Number of images that it gets right; None likewise.
        total: Number of test images.
        metrics: The model's other figures, by name.
    """

    __test__ = False  # pytest takes classes of this name for tests

    loss: float | None
    accuracy: float | None
    correct: int | None
    total: int
    metrics: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Mistake(Record):
    """A test image that a model takes for another class.

    Attributes:
        index: Index among the test images, from 0.
        label: True class.
        predicted: Class that it is taken for.
        probability: Probability of that class, from 0 to 1.
        png: The image, in base64.
    """

    index: int
    label: int
    predicted: int
    probability: float
    png: str


@dataclass(frozen=True)
class Run(Record):
    """One training.

    Attributes:
        trainer: Name of the trainer or variant, as the user gave it.
        seed: Seed of the training.
        epochs_done: Number of epochs.
        history: Figures of each epoch by itself, by metric.
        cumulative: Figures over all epochs so far; losses are means of batch means.
        digests: sha256 over weights, optimizer variables and metric results, one an epoch.
        seconds_per_epoch: Time of each epoch, validation included.
        first_step_seconds: Time of the first step, tracing and compilation included.
        images_per_second: Speed at the median step.
        peak_rss_bytes: Peak memory of the process up to the end of this training.
        test: What the trained model reached on the test images.
        test_interval: Wilson's 95 % interval of the test accuracy: what another draw of as many
            images may change.
        wrong: Indices of the test images that the model gets wrong, from 0, ascending.
        mistakes: The most confidently wrong test images, the worst first.
        confusion: Numbers of test images, by true class and by the class that they are taken for;
            None if the model is no classifier.
        parameters: Number of parameters of the model.
    """

    trainer: str
    seed: int
    epochs_done: int
    history: Figures
    cumulative: Figures
    digests: list[str]
    seconds_per_epoch: list[float]
    first_step_seconds: float | None
    images_per_second: float | None
    peak_rss_bytes: int
    test: Test
    test_interval: list[float] | None
    wrong: list[int] | None
    mistakes: list[Mistake]
    confusion: dict[str, dict[str, int]] | None = None
    parameters: int | None = None


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


@dataclass(frozen=True)
class Timed(Record):
    """What a benchmark timed of one variant. Times are in seconds.

    Attributes:
        name: Name of the variant.
        first_call_seconds: Time until the first call of the training function has ended, which
            traces and compiles it; 0 for matmul.
        call_seconds: Mean time of a call, one figure a block.
        images_per_second: Speed in the median block.
    """

    name: str
    first_call_seconds: float
    call_seconds: list[float]
    images_per_second: float


@dataclass(frozen=True)
class Ratio(Record):
    """How the times of two variants compare.

    Attributes:
        first: Name of the first variant.
        second: Name of the second.
        seconds: Seconds of the first over those of the second: above 1 the first is slower.
        low: Lower end of the 95 % interval.
        high: Upper end.
        verdict: `slower` or `faster`, the first; `undecided` if the interval holds 1.
        rounds: The ratio of each round.
    """

    first: str
    second: str
    seconds: float
    low: float
    high: float
    verdict: str
    rounds: list[float]


@dataclass(frozen=True)
class Group(Record):
    """Variants that were timed in alternation.

    Attributes:
        timed: What was timed of each.
        ratios: The first variant beside each of the others.
    """

    timed: list[Timed]
    ratios: list[Ratio]


@dataclass(frozen=True)
class RecordingCost(Record):
    """What recording costs a training outside of its steps.

    Attributes:
        epochs: Number of epochs.
        seconds: Time of recording.
        event_bytes: Size of the event files.
    """

    epochs: int
    seconds: float
    event_bytes: int


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(Record):
    """What any run leaves.

    Attributes:
        schema: Version of the format.
        command: The command that made it.
        status: `running`, `finished`, `interrupted` or `failed`.
        started: Local time at which it was started first, ISO 8601.
        reason: Why it failed.
        config: Configuration of the run.
        environment: Versions and machine.
        changed: Facts of the machine that were others before a resume: then and now.
        factory: The function that makes the model, where it is at hand; it is not written.
    """

    load_model: ClassVar[Callable[[Result], Any]]
    """Loads the model that a run left; set where models are loaded."""

    _repr_html_: ClassVar[Callable[[Result], str]]
    """What a notebook shows of a result; set where trainings are run."""

    model_file: ClassVar[str] = "model.keras"

    command: str
    config: dict[str, Any]
    environment: dict[str, Any]
    schema: int = SCHEMA
    status: str = "running"
    started: str | None = None
    reason: str | None = None
    changed: dict[str, Any] = field(default_factory=dict)
    factory: Callable[..., Any] | None = field(default=None, compare=False, metadata=NOT_WRITTEN)

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return Path(self.config["logdir"], self.command, self.config["name"])

    @property
    def verdict(self) -> str:
        """The answer in a word: here how the run ended."""
        return self.status

    @property
    def model(self) -> Any:
        """The trained model, loaded when it is asked for."""
        return Result.load_model(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.verdict}, in {self.path}>"


@dataclass(frozen=True, kw_only=True, repr=False)
class TrainResult(Result):
    """What `train` leaves.

    Attributes:
        runs: The training; empty until it has ended.
    """

    runs: list[Run] = field(default_factory=list)

    @property
    def history(self) -> Figures:
        """The figures of each epoch, by metric."""
        return self.runs[0].history


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


@dataclass(frozen=True, kw_only=True, repr=False)
class BenchmarkResult(Result):
    """What `benchmark` leaves.

    Attributes:
        load: Load of the machine at the start: processes that ran or waited, mean of a minute.
        groups: What was timed together.
        recording: What recording costs outside of steps, by variant, if that was asked for.
    """

    load: float = 0.0
    groups: list[Group] = field(default_factory=list)
    recording: dict[str, RecordingCost] | None = None

    @property
    def ratios(self) -> list[Ratio]:
        """The ratios of all groups."""
        return [ratio for group in self.groups for ratio in group.ratios]

    @property
    def doubts(self) -> list[str]:
        """Why the circumstances allow no verdict, a sentence each; empty if they do."""
        rounds, cores = self.config["rounds"], self.environment["cores"]
        few = f"Fewer than {FEWEST_ROUNDS} rounds allow no verdict."
        busy = (
            f"Other processes were using the machine at the start (load {self.load:.1f} on {cores} "
            "cores), which allows no verdict; repeat the benchmark when it is idle."
        )
        return [few] * (rounds < FEWEST_ROUNDS) + [busy] * (self.load > cores)

    @property
    def verdict(self) -> str:
        """The answer of the first ratio, in a word."""
        return self.ratios[0].verdict if self.ratios else self.status


@dataclass(frozen=True)
class Cause(Record):
    """One thing in which a loop differs from `fit`.

    Attributes:
        cause: Its id, such as `training-flag`; `unexplained` if none is known.
        first_epoch: First epoch in which it shows, counted from 1.
        first_step: First step, counted from 0 over all epochs.
        stage: `batch`, `forward`, `loss`, `gradients`, `update`, `state`, `metrics` or `finalize`.
        variable: Variable or figure that differs; None if it is none.
        evidence: What was seen, in sentences.
        location: Line of the user's file, such as `my.py:31`; None if it is not known.
        fix: What to change.
        counterfactual: Gap between the loop and `fit` `before` and `after` this one change.
    """

    cause: str
    first_epoch: int
    first_step: int
    stage: str
    variable: str | None
    evidence: list[str]
    location: str | None
    fix: str
    counterfactual: dict[str, float | None]


@dataclass(frozen=True, kw_only=True, repr=False)
class DiagnoseResult(Result):
    """What `diagnose` leaves: the first cause, as in `Cause`, and the others.

    Attributes:
        verdict: `identical`, `diverges` or `inconclusive`.
        steps: Number of steps that were compared.
        gaps: For each batch, by how much of their size gradients differ from those of `fit`.
        other_causes: All causes but the first.
    """

    verdict: str = "inconclusive"
    steps: int = 0
    gaps: list[float | None] = field(default_factory=list)
    cause: str | None = None
    first_epoch: int | None = None
    first_step: int | None = None
    stage: str | None = None
    variable: str | None = None
    evidence: list[str] = field(default_factory=list)
    location: str | None = None
    fix: str | None = None
    counterfactual: dict[str, Any] = field(default_factory=dict)
    other_causes: list[Cause] = field(default_factory=list)


RESULTS: dict[str, type[Result]] = {
    "train": TrainResult,
    "compare": CompareResult,
    "search": SearchResult,
    "benchmark": BenchmarkResult,
    "diagnose": DiagnoseResult,
}
"""The class of each command's result."""
