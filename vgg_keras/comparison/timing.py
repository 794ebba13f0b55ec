"""Which trainer is faster, as far as two trainings one after the other can tell."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

METHOD = (
    "Median, lowest and highest ratio of the trainers' seconds for the same epoch and seed, "
    "validation included, without each run's first epoch if there are more. The trainers ran one "
    "after the other, so a change of the machine's load between them counts as a difference."
)


def speed(pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Any]:
    """Compares the speed of two trainers.

    Args:
        pairs: for each seed the runs of tape and fit, as in `result.json`.

    Returns:
        `tape_over_fit`, a ratio of seconds: above 1 the tape trainer is slower. `interval`, its
        lowest and highest value seen. `method`.
    """
    ratios = []
    for tape, fit in pairs:
        seconds = list(zip(tape["seconds_per_epoch"], fit["seconds_per_epoch"], strict=False))
        ratios += [tape / fit for tape, fit in seconds[1:] or seconds]
    return {
        "tape_over_fit": statistics.median(ratios),
        "interval": [min(ratios), max(ratios)],
        "method": METHOD,
    }
