"""Everything that training has made so far, as named arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import keras
import numpy as np

State = dict[str, list[tuple[str, np.ndarray]]]


def state_of(model: keras.Model, logs: Mapping[str, float]) -> State:
    """Copies a model's state in the order in which a step makes it.

    Args:
        model: built, with its optimizer.
        logs: the metrics' results.

    Returns:
        Pairs of name and array, by stage: `metrics` (float32 scalars), `optimizer`, `weights`
        (with the seeds of dropout). Two layers of the same name give two pairs.
    """
    metrics = [(name, np.asarray(logs[name], np.float32)) for name in sorted(logs)]
    return {
        "metrics": metrics,
        "optimizer": named_arrays(model.optimizer.variables),
        "weights": named_arrays(model.variables),
    }


def named_arrays(variables: Iterable[keras.Variable]) -> list[tuple[str, np.ndarray]]:
    """Copies variables, each under its path, such as `vgg/fc1/kernel`."""
    return [(variable.path, np.asarray(variable)) for variable in variables]
