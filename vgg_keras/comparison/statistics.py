"""Statistics of figures that vary with the seed; none of it knows of training."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.05
LEVEL_DIFFERENT = LEVEL / 2
"""Of one of two figures, accuracy and loss, so that both together raise a false alarm in at most
`LEVEL` of all comparisons (Bonferroni)."""

POWER = 0.8
MOST_SEEDS = 1_000_000

Interval = tuple[float, float]


@dataclass(frozen=True)
class Summary:
    """What repetitions of a figure have in common, in the unit of the figure.

    Attributes:
        mean: of the repetitions.
        deviation: their standard deviation, with n - 1.
        interval: of the mean, 95 %, from Student's t distribution.
    """

    mean: float
    deviation: float
    interval: Interval


def summarize(values: Sequence[float]) -> Summary:
    """Summarizes at least two repetitions of a figure; all is NaN if one is not finite."""
    if not np.all(np.isfinite(values)):
        return Summary(np.nan, np.nan, (np.nan, np.nan))
    mean, half = np.mean(values), stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    interval = float(mean - half), float(mean + half)
    return Summary(float(mean), float(np.std(values, ddof=1)), interval)


@dataclass(frozen=True)
class Paired(Summary):
    """What differences of pairs say, in the unit of the figure.

    Attributes:
        margin: a mean difference below it does not matter.
        p_equivalent: of the hypothesis that the mean difference is not within the margin.
        p_different: of the hypothesis that it is 0.
        seeds_needed: how many pairs would reject one of the two with a power of 80 %, if mean and
            deviation stay as they are; None if these pairs do, or cannot tell.
    """

    margin: float
    p_equivalent: float
    p_different: float
    seeds_needed: int | None


def paired(differences: Sequence[float], margin: float) -> Paired:
    """Tests differences of pairs: are they small, are they there at all?

    Args:
        differences: of at least two pairs.
        margin: in the unit of the differences.

    Returns:
        The larger p of two one-sided t tests (TOST; Schuirmann 1987) and the p of a t test.
        Differences that do not vary are taken for exact. All is NaN if one is not finite.
    """
    summary = summarize(differences)
    if np.isnan(summary.mean):
        p_equivalent = p_different = np.nan
    elif np.ptp(differences) <= 1e-12 * np.max(np.abs(differences)):
        p_equivalent = float(abs(summary.mean) >= margin)
        p_different = float(summary.mean == 0)
    else:
        above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
        below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
        p_equivalent = float(max(above, below))
        p_different = float(stats.ttest_1samp(differences, 0).pvalue)
    needed = None
    if p_equivalent >= LEVEL and p_different >= LEVEL_DIFFERENT:
        needed = bisect.bisect_left(
            range(MOST_SEEDS),
            POWER,
            lo=len(differences) + 1,
            key=lambda seeds: power(seeds, abs(summary.mean), summary.deviation, margin),
        )
    return Paired(
        **vars(summary),
        margin=margin,
        p_equivalent=p_equivalent,
        p_different=p_different,
        seeds_needed=needed,
    )


def power(seeds: int, mean: float, deviation: float, margin: float) -> float:
    """The chance that pairs are found to be equivalent, or different, whichever is larger.

    Args:
        seeds: number of pairs.
        mean: of the differences, at least 0.
        deviation: of the differences, above 0, in the unit of the mean.
        margin: in the same unit.

    Returns:
        From 0 to 1, by the noncentral t distribution (Julious 2004, Statistics in Medicine 23, for
        two one-sided tests).
    """
    degrees, scale = seeds - 1, np.sqrt(seeds) / deviation
    critical = stats.t.ppf(1 - LEVEL, degrees)
    sides = [(margin - mean) * scale, (margin + mean) * scale]
    equivalent = sum(stats.nct.sf(critical, degrees, sides)) - 1
    critical = stats.t.ppf(1 - LEVEL_DIFFERENT / 2, degrees)
    return float(max(equivalent, stats.nct.sf(critical, degrees, mean * scale)))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact test of McNemar: does one of two models get more images right?

    Args:
        only_first: images that only the first one gets right.
        only_second: images that only the second one gets right.

    Returns:
        The p of the hypothesis that neither does.
    """
    either = only_first + only_second
    return float(stats.binomtest(only_first, either).pvalue) if either else 1.0
