"""Runs of two trainers, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vgg_keras.runs.results import Run

Pair = tuple[Run, Run]


def pair_runs(runs: Sequence[Run]) -> list[Pair]:
    """Pairs the runs of both trainers that have the same seed, whichever was first.

    Args:
        runs: Runs, each seed with both trainers; the trainer of the first of them is the first of
            each pair.
    """
    first, second = dict.fromkeys(run.trainer for run in runs)
    seeds: dict[int, dict[str, Run]] = {}
    for run in runs:
        seeds.setdefault(run.seed, {})[run.trainer] = run
    return [(trainers[first], trainers[second]) for trainers in seeds.values()]


def final_figures(run: Run) -> dict[str, float]:
    """The figures at the end of a run; those that are not finite are NaN.

    Returns:
        `loss` and `test_loss`, and of a classifier `accuracy` and `test_accuracy`, from 0 to 1.
    """
    figures: dict[str, float] = {
        name: _finite(run.history[name][-1]) for name in ("loss", "accuracy") if name in run.history
    }
    figures["test_loss"] = _finite(run.test.loss)
    if run.test.correct is not None:
        figures["test_accuracy"] = run.test.correct / run.test.total
    return figures


def differences(pairs: Sequence[Pair], metric: str) -> list[float]:
    """First minus second of a final figure, for each pair."""
    return [final_figures(first)[metric] - final_figures(second)[metric] for first, second in pairs]


def shared_figures(pairs: Sequence[Pair]) -> list[str]:
    """The names of the final figures that all runs have."""
    figures = [final_figures(run) for pair in pairs for run in pair]
    return [name for name in figures[0] if all(name in other for other in figures)]


def _finite(figure: float | None) -> float:
    return figure if figure is not None and math.isfinite(figure) else math.nan
