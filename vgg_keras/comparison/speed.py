"""Which of two trainings, one after the other, is faster."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from vgg_keras.comparison.pairs import Pair
from vgg_keras.runs.results import Speed

METHOD = (
    "Median, lowest and highest ratio of the trainers' seconds for the same epoch and seed, "
    "validation included, without each run's first epoch if there are more. The trainers ran one "
    "after the other, so a change of the machine's load between them counts as a difference."
)


def speed(pairs: Sequence[Pair]) -> Speed:
    """Compares the speed of two trainers.

    Args:
        pairs: Runs of both, one pair a seed.
    """
    ratios = []
    for first, second in pairs:
        seconds = list(zip(first.seconds_per_epoch, second.seconds_per_epoch, strict=False))
        ratios += [a / b for a, b in seconds[1:] or seconds]
    first, second = pairs[0]
    interval = [min(ratios), max(ratios)]
    return Speed(first.trainer, second.trainer, statistics.median(ratios), interval, METHOD)
