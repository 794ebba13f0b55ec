"""Runs of both trainers, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Run = Mapping[str, Any]
Pair = tuple[Run, Run]


def pair_runs(runs: Iterable[Run]) -> list[Pair]:
    """Pairs the runs of tape and fit that have the same seed, whichever was first.

    Args:
        runs: as in `result.json`, each seed with both trainers.
    """
    seeds: dict[int, dict[str, Run]] = {}
    for run in runs:
        seeds.setdefault(run["seed"], {})[run["trainer"]] = run
    return [(trainers["tape"], trainers["fit"]) for trainers in seeds.values()]


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
    """Tape minus fit of a final figure, for each pair."""
    return [final_figures(tape)[metric] - final_figures(fit)[metric] for tape, fit in pairs]


def _finite(figure: float | None) -> float:
    return figure if figure is not None and math.isfinite(figure) else math.nan
