"""What a diagnosis finds in a step, and the variables that it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.diagnosis.observer import State, Step

Gradients = list[np.ndarray | None]
"""Gradient of each trainable variable; None where there is none."""


@dataclass(frozen=True)
class Finding:
    """One thing in which a loop differs from `fit`.

    Attributes:
        cause: Its id; None if none is known.
        stage: Stage of the step in which it shows.
        step: Step, counted from 0 over all epochs.
        variable: Variable or figure that differs, if it is one.
        evidence: What was seen, in sentences with figures.
        place: Line of the user's file.
        before: Gap between the user's step and `fit`'s.
        after: Gap between the user's step and `fit`'s with this one change.
        epoch: Epoch, counted from 0; None if it follows from the step.
    """

    cause: str | None
    stage: str
    step: int
    variable: str | None
    evidence: list[str]
    place: str | None
    before: float | None = None
    after: float | None = None
    epoch: int | None = None


class Variables:
    """The variables of a model, by their place in `model.variables`.

    Args:
        model: Model that is trained as `fit` does.

    Attributes:
        names: Path of each variable.
        trainable: Places of those that are trained.
        others: Places of those that are not and hold floats, such as batch statistics.
    """

    def __init__(self, model: keras.Model):
        self.names = [variable.path for variable in model.variables]
        trained = {id(variable) for variable in model.trainable_variables}
        self.trainable = [i for i, v in enumerate(model.variables) if id(v) in trained]
        self.others = [
            index
            for index, variable in enumerate(model.variables)
            if id(variable) not in trained and "float" in variable.dtype
        ]

    def of(self, step: Step, values: dict[int, Any]) -> list[Any]:
        """The value of each trainable variable, from values by the id of a step's variables."""
        variables = step.model.variables
        return [values.get(id(variables[index].value)) for index in self.trainable]

    def differing(
        self, first: State, second: State, indices: Sequence[int] | None = None
    ) -> list[int]:
        """Which variables have other values in two states; of the trainable ones by default."""
        return [
            index
            for index in (self.trainable if indices is None else indices)
            if not np.array_equal(first[index], second[index], equal_nan=True)
        ]

    def largest(self, first: State, second: State, indices: Sequence[int]) -> tuple[str, float]:
        """The variable that differs most between two states, and by how much."""
        gaps = {
            self.names[i]: float(np.abs(first[i].astype(np.float64) - second[i]).max(initial=0.0))
            for i in indices
        }
        name = max(gaps, key=lambda key: gaps[key])
        return name, gaps[name]


def joined(parts: Sequence[Any]) -> Any:
    """Puts batches one after the other."""
    if len(parts) == 1:
        return parts[0]
    return tf.nest.map_structure(lambda *leaves: np.concatenate(leaves), *parts)


def ratio_of(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> float:
    """What arrays have to be multiplied by to be as near as possible to others."""
    square = sum(float((a.astype(np.float64) ** 2).sum()) for a in first)
    product = sum(
        float((a.astype(np.float64) * b).sum()) for a, b in zip(first, second, strict=True)
    )
    return product / square if square else 0.0
