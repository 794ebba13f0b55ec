"""A trainer's own noise: what changes when it trains again with the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vgg_keras.comparison.pairs import Pair, differences, final_figures, shared_figures
from vgg_keras.runs.results import Repetition, Run


def repetition(first: Run, second: Run) -> Repetition:
    """Compares a run with its repetition."""
    ends = final_figures(first), final_figures(second)
    return Repetition(
        repeatable=first.digests == second.digests,
        floor={metric: abs(ends[0][metric] - ends[1][metric]) for metric in ends[0]},
    )


def within_noise(pairs: Sequence[Pair], repetitions: Mapping[str, Repetition]) -> bool:
    """Whether no final figure of any pair differs by more than that of a repetition.

    Args:
        pairs: Runs of the two trainers.
        repetitions: How each trainer compares with itself; empty if that was not asked for.
    """
    if all(repeated.repeatable for repeated in repetitions.values()):
        return False
    floors = [repeated.floor for repeated in repetitions.values()]
    return all(
        abs(difference) <= max(floor.get(metric) or 0 for floor in floors)
        for metric in shared_figures(pairs)
        for difference in differences(pairs, metric)
    )
