"""How the times of two trainings that took turns compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap

from vgg_keras.benchmarking.turns import Turns


@dataclass(frozen=True)
class Ratio:
    """How the times of two trainings compare.

    Attributes:
        seconds: those of the first over those of the second: above 1 the first is slower.
        low: lower end of the 95 % interval.
        high: upper end.
        verdict: `slower` or `faster`, the first; `undecided` if the interval holds 1.
        rounds: the ratio of each round.
    """

    seconds: float
    low: float
    high: float
    verdict: str
    rounds: list[float]


def seconds_ratio(first: Turns, second: Turns, seed: int) -> Ratio:
    """Compares trainings that took turns.

    A round's ratio is that of the sums of its two turns each, so that a steady change of the
    machine's speed during the round cancels. The interval of their median is a percentile
    bootstrap.

    Args:
        first: of the turns A B B A those of A.
        second: those of B.
        seed: of the bootstrap.
    """
    sums = [np.reshape(turns.call_seconds, (-1, 2)).sum(axis=1) for turns in (first, second)]
    rounds = sums[0] / sums[1]
    low, high = bootstrap((rounds,), np.median, method="percentile", rng=seed).confidence_interval
    verdict = "slower" if low > 1 else "faster" if high < 1 else "undecided"
    return Ratio(float(np.median(rounds)), float(low), float(high), verdict, rounds.tolist())
