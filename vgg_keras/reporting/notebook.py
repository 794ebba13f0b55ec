"""The notebook's own line for an epoch, and the lines that it published."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")
PUBLISHED: dict[str, list[float]] = {
    "loss": [0.13635, 0.08989, 0.07086, 0.05919, 0.05120],
    "accuracy": [0.957317, 0.971758, 0.977767, 0.981425, 0.983907],
    "val_loss": [0.06965, 0.05152, 0.04617, 0.04268, 0.03905],
    "val_accuracy": [0.977100, 0.982900, 0.984900, 0.986100, 0.987320],
}
"""Cumulative from the first epoch; accuracies from 0 to 1. Printed by the notebook's GradientTape
loop: 60,000 training and 10,000 test images of MNIST, batches of 32."""


def line(history: Mapping[str, Sequence[float | None]], epoch: int) -> str:
    """Writes an epoch as the notebook does: losses, and accuracies in percent.

    Args:
        history: Cumulative figures; those that a model does not have are nan in the line.
        epoch: Epoch, counted from 0.

    Returns:
        The line, in Korean: epoch, loss, accuracy, test loss, test accuracy.
    """
    loss, accuracy, test_loss, test_accuracy = (
        history[metric][epoch] or 0.0 if metric in history else math.nan for metric in METRICS
    )
    return (
        f"에포크: {epoch + 1}, 손실: {loss:.5f}, 정확도: {accuracy * 100:.4f}, "
        f"테스트 손실: {test_loss:.5f}, 테스트 정확도: {test_accuracy * 100:.4f}"
    )
