"""The verdict on two trainers over many seeds, and the numbers that it follows from."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vgg_keras.comparison.pairs import Pair, differences, final_figures, shared_figures
from vgg_keras.comparison.statistics import (
    LEVEL,
    LEVEL_DIFFERENT,
    mcnemar,
    paired,
    summarize,
)
from vgg_keras.runs.results import Equivalence, McNemar, Paired, Summary


def word(parity: str, tests: Sequence[Paired]) -> str:
    """The verdict over many seeds.

    Args:
        parity: The verdict on bits.
        tests: Tests of the differences of each figure.

    Returns:
        `identical` or `indistinguishable`, if parity says so; `equivalent`, if all figures are
        within their margins; `different`, if one is neither within its margin nor 0; `undecided`.
    """
    if parity != "diverges":
        return parity
    outside = [test for test in tests if not _below(test.p_equivalent, LEVEL)]
    if not outside:
        return "equivalent"
    if any(_below(test.p_different, LEVEL_DIFFERENT) for test in outside):
        return "different"
    return "undecided"


def _below(p: float | None, level: float) -> bool:
    return p is not None and p < level


def margins(points: float, classes: int | None) -> dict[str, float]:
    """The margins of the figures that are tested.

    Args:
        points: Margin of the test accuracy, in percentage points.
        classes: Number of classes of the data set; None if its targets are no labels.

    Returns:
        For `test_accuracy` the margin from 0 to 1; for `test_loss` what that share of the images
        weighs in it if each has the loss of a mere guess, ln(classes), or without classes a loss
        of 1.
    """
    share = points / 100
    return {"test_accuracy": share, "test_loss": share * math.log(classes or math.e)}


def equivalence(
    pairs: Sequence[Pair], parity: str, points: float, classes: int | None
) -> Equivalence:
    """Compares two trainers over at least two seeds.

    Args:
        pairs: Runs of both, one pair a seed.
        parity: The verdict on bits.
        points: Margin of the test accuracy, in percentage points.
        classes: Number of classes of the data set; None if its targets are no labels.
    """
    figures = shared_figures(pairs)
    tests = {
        metric: paired(differences(pairs, metric), margin)
        for metric, margin in margins(points, classes).items()
        if metric in figures
    }
    trainers = {}
    for runs in zip(*pairs, strict=True):
        ends = [final_figures(run) for run in runs]
        trainers[runs[0].trainer] = {
            metric: summary(metric, [end[metric] for end in ends]) for metric in figures
        }
    classify = all(run.wrong is not None for pair in pairs for run in pair)
    return Equivalence(
        verdict=word(parity, list(tests.values())),
        seeds=len(pairs),
        trainers=trainers,
        differences=tests,
        mcnemar=[_mcnemar(pair) for pair in pairs] if classify else [],
    )


def summary(metric: str, values: Sequence[float]) -> Summary:
    """Summarizes a figure; accuracies are from 0 to 1, and losses above 0 stay there."""
    return summarize(
        values,
        lowest=0.0 if all(value >= 0 for value in values) else -math.inf,
        highest=1.0 if metric.endswith("accuracy") else math.inf,
    )


def _mcnemar(pair: Pair) -> McNemar:
    first, second = (set(run.wrong or ()) for run in pair)
    right = len(second - first), len(first - second)
    only = {run.trainer: count for run, count in zip(pair, right, strict=True)}
    return McNemar(pair[0].seed, only, mcnemar(*right))
