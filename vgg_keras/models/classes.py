"""What the outputs of a classifier say."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_classes(
    labels: np.ndarray, outputs: Any
) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """Labels and probabilities, if the outputs of a model are those of a classifier.

    Args:
        labels: Integers of any shape.
        outputs: Outputs: probabilities or logits of shape `(examples, classes)`, or of one class of
            two, shape `(examples, 1)`.

    Returns:
        Both with a row an example; None for each if it is no classifier.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if not isinstance(outputs, np.ndarray) or outputs.ndim != 2 or labels.ndim != 1:
        return None, None
    outputs = outputs.astype(np.float32)
    low, high = outputs.min(), outputs.max()
    if outputs.shape[1] == 1:
        positive = outputs if 0 <= low <= high <= 1 else 1 / (1 + np.exp(-outputs))
        outputs = np.concatenate([1 - positive, positive], axis=1)
    elif not (low >= 0 and np.allclose(outputs.sum(axis=1), 1, atol=0.01)):
        exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        outputs = exponentials / exponentials.sum(axis=1, keepdims=True)
    if labels.min() < 0 or labels.max() >= outputs.shape[1]:
        return None, None
    return labels, outputs
