"""The update that `fit`'s optimizer makes of gradients, and those of other optimizers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from vgg_keras.diagnosis.findings import ratio_of
from vgg_keras.diagnosis.observer import State, Step
from vgg_keras.diagnosis.reference import Reference, close
from vgg_keras.runtime import compat

SETTINGS = {
    "weight_decay": "weight-decay",
    "clipnorm": "gradient-clipping",
    "clipvalue": "gradient-clipping",
    "global_clipnorm": "gradient-clipping",
}
"""Settings of optimizers whose causes have names of their own."""

NOT_COMPARED = ("name", "use_ema", "ema_momentum", "ema_overwrite_frequency", "is_legacy_optimizer")
MOMENTA = (0.5, 0.9, 0.95, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
"""How much of an average of weights people keep in each step."""

Parts = Sequence[tuple[keras.optimizers.Optimizer, list[Any]]]
"""Optimizers, and the gradients that each of them used, of each trainable variable."""

Explanation = tuple[str | None, list[str], State, State | None]
"""Cause, evidence, the state after `fit`'s update, and after that with the one change."""


class Updates:
    """`fit`'s optimizer, whose averages follow the gradients of a loop.

    Args:
        reference: Model that is trained as `fit` does.
        floor: Relative rounding error that is no difference.
    """

    def __init__(self, reference: Reference, floor: float):
        self._reference, self._floor = reference, floor
        self._compiled = reference.model.optimizer
        self._current = again(self._compiled, reference.model)
        self._follows_rate = self._decays = False
        self._made: list[tuple[State, list[Any]]] = []
        self._several: list[keras.optimizers.Optimizer] = []

    def explain(
        self, step: Step, applied: list[Any], parts: Parts, indices: Sequence[int], varied: bool
    ) -> Explanation | None:
        """Makes the update of a step, and compares it with the loop's.

        Args:
            step: Step of the loop.
            applied: Gradients that it used, of each trainable variable.
            parts: The optimizers that it used, and the gradients of each.
            indices: Variables that have one.
            varied: Whether the loop's learning rate was not always the same.

        Returns:
            What makes the loop's another one; None if it is the same.
        """
        if self._follows_rate and step.rate is not None:
            self._current.learning_rate = step.rate
        before = [np.array(variable) for variable in slots(self._current)]
        expected = self._update(self._current, step, applied)
        if self._agree(expected, step, indices) or (
            self._decays and self._decay(expected, step, indices) is not None
        ):
            self._made.append((step.before, applied))
            return None
        if self._several and self._agree(self._update_by_several(step, parts), step, indices):
            return None
        user = step.optimizer or self._by_hand(step, applied, indices)
        for cause, evidence, optimizer in self._others(user, step, before, varied):
            changed = self._update(optimizer, step, applied)
            if self._agree(changed, step, indices):
                self._current = optimizer
                self._follows_rate = self._follows_rate or optimizer is self._with_rate
                self._made.append((step.before, applied))
                return cause, evidence, expected, changed
        if len(parts) > 1:
            model, theirs = self._reference.model, step.model.trainable_variables
            self._several = [self._replayed(again(user, model, theirs)) for user, _ in parts]
            changed = self._update_by_several(step, parts)
            if self._agree(changed, step, indices):
                kinds = " and ".join(
                    f"{type(optimizer).__name__} of rate {float(optimizer.learning_rate):.3g}"
                    for optimizer, _ in parts
                )
                return "optimizer-config", [f"{kinds} share the variables."], expected, changed
        decay = self._decay(expected, step, indices)
        if decay is not None:
            self._decays = True
            self._made.append((step.before, applied))
            evidence = [f"Beside the update the weights are multiplied by {1 + decay:.6g}."]
            return "weight-decay", evidence, expected, None
        with without_constraints(self._reference.model):
            free = restored(again(self._current, self._reference.model), before)
            changed = self._update(free, step, applied)
        if self._agree(changed, step, indices):
            return "constraint-skipped", ["Constraints are not applied."], expected, changed
        return None, [], expected, None

    def _update(self, optimizer: keras.optimizers.Optimizer, step: Step, applied: Any) -> State:
        return self._reference.update(optimizer, step.before, applied)

    def _update_by_several(self, step: Step, parts: Parts) -> State:
        """The state after an update in which each optimizer has its own variables."""
        after = step.before
        for optimizer, (_, gradients) in zip(self._several, parts, strict=False):
            changed = self._update(optimizer, step, gradients)
            after = [
                kept if np.array_equal(new, old) else new
                for new, old, kept in zip(changed, step.before, after, strict=True)
            ]
        return after

    def _by_hand(
        self, step: Step, applied: list[Any], indices: Sequence[int]
    ) -> keras.optimizers.Optimizer:
        """Gradient descent with the rate of an update that was made without an optimizer."""
        gradients = [gradient for gradient in applied if gradient is not None]
        changes = [step.before[index].astype(np.float64) - step.after[index] for index in indices]
        rate = ratio_of(gradients, changes)
        compiled = float(keras.ops.convert_to_numpy(self._current.learning_rate))
        return keras.optimizers.SGD(compiled if close(rate, compiled, 1e-3) else rate)

    def _others(
        self,
        user: keras.optimizers.Optimizer,
        step: Step,
        before: list[np.ndarray],
        varied: bool,
    ) -> Iterator[tuple[str, list[str], keras.optimizers.Optimizer]]:
        """Optimizers that may be the one that made an update, with what tells them from fit's."""
        model, ours = self._reference.model, self._compiled.get_config()
        self._with_rate: keras.optimizers.Optimizer | None = None
        theirs = user.get_config()
        scheduled = varied or isinstance(ours.get("learning_rate"), dict)
        by_rate = "learning-rate-schedule" if scheduled else "optimizer-config"
        kinds = [kind_of(optimizer) for optimizer in (user, self._compiled)]
        differing = [
            name
            for name in sorted({*ours, *theirs} - {*NOT_COMPARED})
            if (ours.get(name) or None) != (theirs.get(name) or None)
        ]
        if kinds[0] != kinds[1]:
            evidence = [f"It is {kinds[0]}; fit's is {kinds[1]}."]
        else:
            evidence = [
                f"{name} is {theirs.get(name)}; fit's is {ours.get(name)}." for name in differing
            ]
        if differing or kinds[0] != kinds[1]:
            cause = "optimizer-config"
            if kinds[0] == kinds[1] and len(differing) == 1:
                cause = {**SETTINGS, "learning_rate": by_rate}.get(differing[0], cause)
            fresh = again(user, model, step.model.trainable_variables)
            yield cause, evidence, self._replayed(fresh)
        evidence = ["The optimizer begins again, without the averages that it had."]
        yield "optimizer-recreated", evidence, again(self._current, model)
        if step.rate is not None:
            cause = by_rate
            rate = float(keras.ops.convert_to_numpy(self._current.learning_rate))
            evidence = [f"The learning rate is {step.rate:.6g} in this step; fit's is {rate:.6g}."]
            fresh = again(self._current, model, learning_rate=step.rate)
            self._with_rate = restored(fresh, before)
            yield cause, evidence, self._with_rate

    def _replayed(self, optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
        for state, gradients in self._made:
            self._reference.update(optimizer, state, gradients)
        return optimizer

    def _agree(self, expected: State, step: Step, indices: Sequence[int]) -> bool:
        for index in indices:
            before = step.before[index].astype(np.float64)
            size = float(np.abs(before).max(initial=0.0))
            if not close(step.after[index] - before, expected[index] - before,
                         100 * self._floor, size):  # fmt: skip
                return False
        return True

    def _decay(self, expected: State, step: Step, indices: Sequence[int]) -> float | None:
        """The share of the weights that is added to an update; None if something else is."""
        factors = []
        for index in indices:
            before = step.before[index].astype(np.float64)
            more = step.after[index] - expected[index].astype(np.float64)
            square = float((before**2).sum())
            if not square:
                continue
            factor = float((more * before).sum()) / square
            if not close(more, factor * before, 0.01, float(np.abs(before).max()) * self._floor):
                return None
            factors.append(factor)
        if not factors or not close(min(factors), max(factors), 0.01):
            return None
        return factors[0] if abs(factors[0]) > self._floor else None


def kind_of(optimizer: keras.optimizers.Optimizer) -> str:
    """The class of an optimizer; AdamW is Adam with another default."""
    return type(optimizer).__name__.removesuffix("W")


def again(
    optimizer: keras.optimizers.Optimizer,
    model: keras.Model,
    variables: Sequence[keras.Variable] = (),
    **changes: Any,
) -> keras.optimizers.Optimizer:
    """A new optimizer of the same configuration for a model.

    Args:
        optimizer: Optimizer to begin again.
        model: Model to train.
        variables: The variables of another model, alike, that the optimizer trains.
        changes: Settings that are to be others.
    """
    fresh = type(optimizer).from_config({**optimizer.get_config(), **changes})
    pairs = zip(model.trainable_variables, variables or model.trainable_variables, strict=False)
    excluded = [ours for ours, theirs in pairs if not compat.decays(optimizer, theirs)]
    getattr(fresh, "inner_optimizer", fresh).exclude_from_weight_decay(excluded)
    fresh.build(model.trainable_variables)
    return fresh


def slots(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """The variables of an optimizer but its learning rate."""
    return [v for v in optimizer.variables if not v.path.endswith("learning_rate")]


def restored(
    optimizer: keras.optimizers.Optimizer, values: Sequence[np.ndarray]
) -> keras.optimizers.Optimizer:
    """Gives an optimizer the averages of another one."""
    for variable, value in zip(slots(optimizer), values, strict=True):
        variable.assign(value)
    return optimizer


@contextmanager
def without_constraints(model: keras.Model) -> Iterator[None]:
    """Takes the constraints off a model's variables inside a `with`."""
    before = [variable.constraint for variable in model.trainable_variables]
    try:
        for variable in model.trainable_variables:
            variable.constraint = None
        yield
    finally:
        for variable, constraint in zip(model.trainable_variables, before, strict=True):
            variable.constraint = constraint


def is_average(state: State, states: Sequence[State], indices: Sequence[int], floor: float) -> bool:
    """Whether weights are a moving average of all states so far, or their mean."""
    for momentum in (*MOMENTA, None):
        for first in (0, 1):
            if _averages(state, states[first:], indices, momentum, floor):
                return True
    return False


def _averages(
    state: State,
    states: Sequence[State],
    indices: Sequence[int],
    momentum: float | None,
    floor: float,
) -> bool:
    for index in indices:
        values = [part[index].astype(np.float64) for part in states]
        if momentum is None:
            average = np.mean(values, axis=0)
        else:
            average = values[0]
            for value in values[1:]:
                average = momentum * average + (1 - momentum) * value
        if not close(average, state[index], floor):
            return False
    return len(states) > 1
