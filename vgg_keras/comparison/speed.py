"""Which of two trainings is faster."""

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
        pairs: for each seed the runs of both, as in `result.json`.

    Returns:
        A ratio of seconds under the names of both, such as `tape_over_fit`: above 1 the first is
        slower. `interval`, its lowest and highest value seen. `method`.
    """
    ratios = []
    for runs in pairs:
        seconds = list(zip(*(run["seconds_per_epoch"] for run in runs), strict=False))
        ratios += [first / second for first, second in seconds[1:] or seconds]
    return {
        "_over_".join(run["trainer"] for run in pairs[0]): statistics.median(ratios),
        "interval": [min(ratios), max(ratios)],
        "method": METHOD,
    }
