"""Everything that training has made so far, as named arrays."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

State = dict[str, dict[str, np.ndarray]]


def state_of(model: keras.Model, logs: Mapping[str, float]) -> State:
    """Copies a model's state in the order in which a step makes it.

    Args:
        model: built, with its optimizer.
        logs: the metrics' results.

    Returns:
        Arrays by stage and name: `metrics` (float32 scalars), `optimizer`, `weights` (which
        holds the seeds of dropout too).
    """
    return {
        "metrics": {name: np.asarray(logs[name], np.float32) for name in sorted(logs)},
        "optimizer": {v.path: np.asarray(v) for v in model.optimizer.variables},
        "weights": {v.path: np.asarray(v) for v in model.variables},
    }
