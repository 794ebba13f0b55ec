"""A trainer's own noise: what changes when it trains again with the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vgg_keras.comparison.pairs import Pair, Run, differences, final_figures


def repetition(first: Run, second: Run) -> dict[str, Any]:
    """Compares a run with its repetition.

    Returns:
        `repeatable`: whether they agree to the last bit after each epoch. `floor`: the absolute
        difference of each final figure.
    """
    ends = final_figures(first), final_figures(second)
    return {
        "repeatable": first["digests"] == second["digests"],
        "floor": {metric: abs(ends[0][metric] - ends[1][metric]) for metric in ends[0]},
    }


def within_noise(pairs: Sequence[Pair], repetitions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether no final figure of any pair differs by more than that of a repetition.

    Args:
        pairs: of runs of the two trainers.
        repetitions: of each trainer, as `repetition` gives them; empty if there was none.
    """
    if all(repeated["repeatable"] for repeated in repetitions.values()):
        return False
    floors = [repeated["floor"] for repeated in repetitions.values()]
    return all(
        abs(difference) <= max(floor[metric] for floor in floors)
        for metric in floors[0]
        for difference in differences(pairs, metric)
    )
