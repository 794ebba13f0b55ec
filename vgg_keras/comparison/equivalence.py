"""The verdict on two trainers over many seeds, and the numbers that it follows from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vgg_keras.comparison.pairs import Pair, differences, final_figures
from vgg_keras.comparison.statistics import (
    LEVEL,
    LEVEL_DIFFERENT,
    Paired,
    mcnemar,
    paired,
    summarize,
)


def word(parity: str, tests: Sequence[Paired]) -> str:
    """The verdict over many seeds.

    Args:
        parity: the verdict on bits.
        tests: of the differences of two figures, accuracy and loss.

    Returns:
        `identical` or `indistinguishable`, if parity says so; `equivalent`, if both figures are
        within their margins; `different`, if one is neither within its margin nor 0; `undecided`.
    """
    if parity != "diverges":
        return parity
    if all(test.p_equivalent < LEVEL for test in tests):
        return "equivalent"
    outside = [test for test in tests if test.p_equivalent >= LEVEL]
    if any(test.p_different < LEVEL_DIFFERENT for test in outside):
        return "different"
    return "undecided"


def margins(points: float, classes: int) -> dict[str, float]:
    """The margins of the figures that are tested.

    Args:
        points: margin of the test accuracy, in percentage points.
        classes: of the data set.

    Returns:
        Of `test_accuracy`, from 0 to 1; and of `test_loss` what that share of the images weighs in
        it if each has the loss of a mere guess, ln(classes).
    """
    share = points / 100
    return {"test_accuracy": share, "test_loss": share * math.log(classes)}


def equivalence(pairs: Sequence[Pair], parity: str, points: float, classes: int) -> dict[str, Any]:
    """Compares two trainers over at least two seeds.

    Args:
        pairs: runs of both, one a seed.
        parity: the verdict on bits.
        points: margin of the test accuracy, in percentage points.
        classes: of the data set.

    Returns:
        `equivalence` of `result.json`.
    """
    tests = {
        metric: paired(differences(pairs, metric), margin)
        for metric, margin in margins(points, classes).items()
    }
    trainers = {}
    for runs in zip(*pairs, strict=True):
        ends = [final_figures(run) for run in runs]
        trainers[runs[0]["trainer"]] = {
            metric: asdict(summarize([end[metric] for end in ends])) for metric in ends[0]
        }
    return {
        "verdict": word(parity, list(tests.values())),
        "trainers": trainers,
        "differences": {metric: asdict(test) for metric, test in tests.items()},
        "mcnemar": [_mcnemar(pair) for pair in pairs],
    }


def _mcnemar(pair: Pair) -> dict[str, Any]:
    first, second = (set(run["wrong"]) for run in pair)
    right = len(second - first), len(first - second)
    only = {f"only_{run['trainer']}": count for run, count in zip(pair, right, strict=True)}
    return {"seed": pair[0]["seed"], **only, "p": mcnemar(*right)}
