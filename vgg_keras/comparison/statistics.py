"""Statistics of figures that vary with the seed; none of it knows of training."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import numpy as np
from scipy import stats

from vgg_keras.runs.results import Paired, Summary

LEVEL = 0.05
LEVEL_DIFFERENT = LEVEL / 2
"""The level for one of two figures, accuracy and loss, so that both together raise a false alarm in
at most `LEVEL` of all comparisons (Bonferroni)."""

POWER = 0.8
MOST_SEEDS = 10**12


def summarize(values: Sequence[float], lowest: float = -np.inf, highest: float = np.inf) -> Summary:
    """Summarizes at least two repetitions of a figure; all is NaN if one is not finite.

    Args:
        values: The repetitions.
        lowest: Lowest value that the figure can have, where its interval ends.
        highest: Highest value likewise.
    """
    if not np.all(np.isfinite(values)):
        return Summary(np.nan, np.nan, [np.nan, np.nan])
    mean, half = np.mean(values), stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    interval: list[float | None] = np.clip([mean - half, mean + half], lowest, highest).tolist()
    return Summary(float(mean), float(np.std(values, ddof=1)), interval)


def paired(differences: Sequence[float], margin: float) -> Paired:
    """Tests differences of pairs: are they small, are they there at all?

    Args:
        differences: Differences of at least two pairs.
        margin: Margin, in the unit of the differences.

    Returns:
        The larger p of two one-sided t tests (TOST; Schuirmann 1987) and the p of a t test.
        Differences that do not vary are taken for exact. All is NaN if one is not finite.
    """
    summary = summarize(differences)
    mean, deviation = summary.mean or 0.0, summary.deviation or 0.0
    if np.isnan(mean):
        p_equivalent = p_different = np.nan
    elif np.ptp(differences) <= 1e-12 * np.max(np.abs(differences)):
        p_equivalent = float(abs(mean) >= margin)
        p_different = float(mean == 0)
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
            key=lambda seeds: power(seeds, abs(mean), deviation, margin),
        )
    return Paired(
        mean=summary.mean,
        deviation=summary.deviation,
        interval=summary.interval,
        margin=margin,
        p_equivalent=p_equivalent,
        p_different=p_different,
        seeds_needed=needed,
    )


def power(seeds: int, mean: float, deviation: float, margin: float) -> float:
    """The chance that pairs are found to be equivalent, or different, whichever is larger.

    Args:
        seeds: Number of pairs.
        mean: Mean of the differences, at least 0.
        deviation: Their standard deviation, above 0, in the unit of the mean.
        margin: Margin, in the same unit.

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
        only_first: Number of images that only the first one gets right.
        only_second: Number of images that only the second one gets right.

    Returns:
        The p of the hypothesis that neither does.
    """
    either = only_first + only_second
    return float(stats.binomtest(only_first, either).pvalue) if either else 1.0
