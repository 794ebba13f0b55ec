"""Runs of two trainers, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Run = Mapping[str, Any]
Pair = tuple[Run, Run]


def pair_runs(runs: Sequence[Run]) -> list[Pair]:
    """Pairs the runs of both trainers that have the same seed, whichever was first.

    Args:
        runs: as in `result.json`, each seed with both trainers; the trainer of the first of them
            is the first of each pair.
    """
    first, second = dict.fromkeys(run["trainer"] for run in runs)
    seeds: dict[int, dict[str, Run]] = {}
    for run in runs:
        seeds.setdefault(run["seed"], {})[run["trainer"]] = run
    return [(trainers[first], trainers[second]) for trainers in seeds.values()]


def final_figures(run: Run) -> dict[str, float]:
    """The figures at the end of a run; losses that are not finite are NaN.

    Returns:
        `loss`, `accuracy`, `test_loss` and `test_accuracy`, accuracies from 0 to 1.
    """
    history, test = run["history"], run["test"]
    return {
        "loss": _finite(history["loss"][-1]),
        "accuracy": _finite(history["accuracy"][-1]),
        "test_loss": _finite(test["loss"]),
        "test_accuracy": test["correct"] / test["total"],
    }


def differences(pairs: Sequence[Pair], metric: str) -> list[float]:
    """First minus second of a final figure, for each pair."""
    return [final_figures(first)[metric] - final_figures(second)[metric] for first, second in pairs]


def _finite(figure: float | None) -> float:
    return figure if figure is not None and math.isfinite(figure) else math.nan
