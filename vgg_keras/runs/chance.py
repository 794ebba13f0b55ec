"""How far chance alone, in which images are tested, may move an accuracy."""

from __future__ import annotations

from scipy import stats


def accuracy_interval(correct: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of an accuracy: what another draw of as many images may change.

    Args:
        correct: Number of images that are classified correctly.
        total: Number of images.

    Returns:
        Lowest and highest accuracy, from 0 to 1.
    """
    low, high = stats.binomtest(correct, total).proportion_ci(method="wilson")
    return float(low), float(high)
