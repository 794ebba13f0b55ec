"""What `benchmark` leaves: times of variants and their ratios."""

from __future__ import annotations

from dataclasses import dataclass, field

from vgg_keras.runs.record import Record
from vgg_keras.runs.results.result import Result

FEWEST_ROUNDS = 10
"""A benchmark of fewer rounds has no verdict."""


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
