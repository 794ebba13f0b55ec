"""How the times of two variants that were timed in alternation compare."""

from __future__ import annotations

import numpy as np
from scipy.stats import bootstrap

from vgg_keras.benchmarking.alternation import Timings
from vgg_keras.runs.results import Ratio


def seconds_ratio(
    names: tuple[str, str], first: Timings, second: Timings, seed: int, decides: bool = True
) -> Ratio:
    """Compares variants that were timed in alternation.

    A round's ratio is that of the sums of its two blocks each, so that a steady change of the
    machine's speed during the round cancels. The interval of their median is a percentile
    bootstrap.

    Args:
        names: Names of both.
        first: Of the blocks A B B A those of A.
        second: Those of B.
        seed: Seed of the bootstrap.
        decides: Whether the circumstances allow a verdict.
    """
    sums = [np.reshape(times.call_seconds, (-1, 2)).sum(axis=1) for times in (first, second)]
    rounds = sums[0] / sums[1]
    low, high = bootstrap((rounds,), np.median, method="percentile", rng=seed).confidence_interval
    verdict = "slower" if low > 1 else "faster" if high < 1 else "undecided"
    verdict = verdict if decides else "undecided"
    middle = float(np.median(rounds))
    return Ratio(*names, middle, float(low), float(high), verdict, rounds.tolist())
