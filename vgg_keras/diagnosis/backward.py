"""What makes the outputs, loss or gradients of a step others than those of `fit`."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.diagnosis.data import Rows
from vgg_keras.diagnosis.findings import Finding, Gradients, Variables, joined, ratio_of
from vgg_keras.diagnosis.observer import Step, trainable_of
from vgg_keras.diagnosis.reference import Batch, Forward, Reference, Variation, close
from vgg_keras.diagnosis.rescaling import Rescaling
from vgg_keras.runtime import compat

VARIATIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("training-flag", {"training": False}),
    ("missing-extra-losses", {"extra_losses": False}),
    ("loss-weights", {"loss_weights": False}),
    ("sample-weight", {"sample_weight": False}),
    ("sample-weight", {"normalised": True}),
    ("from-logits", {"from_logits": True}),
    ("label-shape", {"flat_labels": True}),
    ("loss-scaling", {"scaled": False}),
)
"""Causes that make another forward pass, loss or gradient, the simplest first."""

OF_NUMBERS = (
    keras.losses.MeanSquaredError(),
    keras.losses.MeanAbsoluteError(),
    keras.losses.Huber(),
    keras.losses.LogCosh(),
    keras.losses.BinaryCrossentropy(),
    keras.losses.BinaryCrossentropy(from_logits=True),
    keras.losses.CategoricalCrossentropy(),
    keras.losses.CategoricalCrossentropy(from_logits=True),
)
OF_LABELS = (
    keras.losses.SparseCategoricalCrossentropy(),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
"""Losses that people write by hand: of one target an output, and of one label an example."""


class Backward:
    """Compares a step up to its gradients, and tries changes of `fit`'s until one is the same.

    Args:
        reference: Model that is trained as `fit` does.
        variables: Its variables.
        rows: Training data.
        steps: All steps of the loop.
        floor: Relative rounding error that is no difference.

    Attributes:
        how: How the steps differ from those of `fit`, as far as is known.
    """

    def __init__(
        self,
        reference: Reference,
        variables: Variables,
        rows: Rows,
        steps: Sequence[Step],
        floor: float,
    ):
        self._reference, self._variables, self._rows = reference, variables, rows
        self._floor, self._rescaling = floor, Rescaling(reference, variables, steps, floor)
        self.how, self._factor, self._own_weights = Variation(), 1.0, False
        self._class_weights: np.ndarray | None = None

    def gap(self, step: Step, right: Forward) -> float:
        """By how much of their size the gradients of a step differ from those of `fit`."""
        return self._gap(right, self._variables.of(step, step.applied), 1.0)

    def judge(
        self, number: int, step: Step, batch: Batch, right: Forward
    ) -> Generator[Finding, None, Batch]:
        """Looks for what makes outputs and gradients others.

        Args:
            number: Number of the step.
            step: The step.
            batch: Its examples.
            right: What `fit` makes of them.

        Returns:
            The examples with the weights that count.
        """
        known = self.how != Variation() or self._own_weights or self._class_weights is not None
        if self._own_weights:
            batch = replace(batch, weights=own_weights(step, batch))
        elif self._class_weights is not None:
            batch = replace(batch, weights=self._class_weights[labels_of(batch)])
        applied = self._variables.of(step, step.applied)
        taken = self._variables.of(step, step.gradients)
        outputs = joined([call.outputs for call in step.calls])
        base = self._reference.forward(step.before, batch, self.how) if known else right
        if self._same(base, outputs, applied, self._factor):
            return batch
        if all(gradient is None for gradient in taken):
            taken = applied
        if not self._same(base, outputs, taken, self._factor):
            batch = yield from self._explained(number, step, batch, base, outputs, taken)
        self._factor *= yield from self._rescaling.judge(number, step, taken, applied)
        return batch

    def _are_one_hot(self, step: Step, batch: Batch) -> bool:
        """Whether the loss was called with the labels as rows that are 1 in one place."""
        labels, y = step.labels[0] if len(step.labels) == 1 else None, batch.y
        if not (isinstance(labels, np.ndarray) and isinstance(y, np.ndarray) and labels.ndim == 2):
            return False
        return y.size == len(labels) and np.array_equal(
            labels, y.reshape(-1, 1) == np.arange(labels.shape[1])
        )

    def _explained(
        self,
        number: int,
        step: Step,
        batch: Batch,
        base: Forward,
        outputs: Any,
        taken: Gradients,
    ) -> Generator[Finding, None, Batch]:
        gap = self._gap(base, taken, self._factor)
        tried = [
            ((*reweighted, *causes), how, part, self._reference.forward(step.before, part, how))
            for reweighted, part in self._weightings(step, batch)
            for causes, how in self._variations(step, part)
        ]
        by_hand = (
            (("loss-definition",), how, batch, self._reference.forward(step.before, batch, how))
            for how in self._losses_by_hand(step, batch, outputs)
        )
        for scaled, ways in ((False, tried), (True, tried), (False, by_hand)):
            for causes, how, part, changed in ways:
                factor = self._ratio(changed, taken) if scaled else self._factor
                if not factor or not self._same(changed, outputs, taken, factor):
                    continue
                after, scale = self._gap(changed, taken, factor), factor / self._factor
                self.how, self._factor = how, factor
                self._own_weights = part is not batch
                for cause in causes:
                    yield self._finding(cause, number, step, base, gap, after)
                if scaled:
                    yield self._scaled(number, step, batch, changed, scale, gap, after)
                return part
        weights = self._weights_of_classes(step, batch, taken)
        if weights is not None:
            evidence = [f"Classes weigh {', '.join(f'{weight:.4g}' for weight in weights)}."]
            self._class_weights = weights
            part = replace(batch, weights=weights[labels_of(batch)])
            after = self._gap(self._reference.forward(step.before, part, self.how), taken, 1.0)
            place = step.loss_place or step.gradient_place
            yield Finding("sample-weight", "loss", number, None, evidence, place, gap, after)
            return part
        stage, variable = self._stage(base, outputs, step, taken)
        evidence = [f"The step's {stage} is another than fit's, by {gap:.3g} of its size."]
        if stage == "loss" and step.loss is not None and self._is_other_loss(step.loss):
            evidence += [f"It is {type(step.loss).__name__}; the model has {self._loss_name()}."]
        place = step.calls[0].place if stage == "forward" else step.loss_place
        yield Finding(None, stage, number, variable, evidence, place or step.gradient_place, gap)
        return batch

    def _weights_of_classes(self, step: Step, batch: Batch, taken: Gradients) -> np.ndarray | None:
        """Weights of classes with which `fit` makes the same gradients; None if there are none.

        The gradient of a mean loss is the sum of those of the classes, so that their weights are
        the solution of linear equations.
        """
        classes = self._rows.classes
        if not classes or batch.weights is not None or self._factor != 1:
            return None
        y = labels_of(batch)

        def gradient(weights: np.ndarray) -> np.ndarray:
            part = replace(batch, weights=weights.astype(np.float32))
            made = self._reference.forward(step.before, part, self.how)
            pairs = self._pairs(made, taken)
            return np.concatenate([ours.ravel() for _, ours, _ in pairs])

        made = self._reference.forward(step.before, batch, self.how)
        wanted = np.concatenate([theirs.ravel() for _, _, theirs in self._pairs(made, taken)])
        rest = gradient(np.zeros(y.size))
        columns = [gradient(y == label) - rest for label in range(classes)]
        solved = np.linalg.lstsq(np.stack(columns, 1), wanted - rest, rcond=None)[0]
        weights = np.where(np.isin(np.arange(classes), y), solved, 1.0).astype(np.float32)
        if not (weights >= 0).all():
            return None
        changed = gradient(weights[y])
        return weights if close(changed, wanted, 10 * self._floor) else None

    def _weightings(self, step: Step, batch: Batch) -> Iterator[tuple[tuple[str, ...], Batch]]:
        """A batch, and the same with the weights that the loop's loss was called with."""
        yield (), batch
        weights = own_weights(step, batch)
        if weights is not None and not np.array_equal(weights, batch.weights):
            yield ("sample-weight",), replace(batch, weights=weights)

    def _variations(self, step: Step, batch: Batch) -> Iterator[tuple[tuple[str, ...], Variation]]:
        known = [(cause, change) for cause, change in VARIATIONS if self._usable(change, batch)]
        own = step.loss if len(step.labels) == 1 else None
        one_hot = self._are_one_hot(step, batch)
        same_labels = one_hot or self._rows.mislabelled(step.labels, batch) == 0
        if own is not None and same_labels and not self.how.loss and self._is_other_loss(own):
            known += [("loss-definition", {"loss": own, "one_hot": one_hot})]
        flags = self.how.trainable or trainable_of(self._reference.model)
        if step.trainable != flags and len(step.trainable) == len(flags):
            known += [("wrong-variables", {"trainable": step.trainable})]
        usable = [part for part in known if replace(self.how, **part[1]) != self.how]
        for count in (0, 1, 2):
            for chosen in itertools.combinations(usable, count):
                changes = {name: value for _, change in chosen for name, value in change.items()}
                yield tuple(cause for cause, _ in chosen), replace(self.how, **changes)

    def _losses_by_hand(self, step: Step, batch: Batch, outputs: Any) -> Iterator[Variation]:
        """Variations with a loss that the loop may have computed without a class of Keras."""
        single = isinstance(batch.y, np.ndarray) and isinstance(outputs, np.ndarray)
        if step.labels or not single or self._reference.loss is None:
            return
        for loss in OF_NUMBERS if batch.y.size == outputs.size else OF_LABELS:
            yield replace(self.how, loss=loss)

    def _usable(self, change: dict[str, Any], batch: Batch) -> bool:
        model, (name,) = self._reference.model, change
        loss = self._loss_name().lower()
        return {
            "training": True,
            "extra_losses": bool(model.losses),
            "loss_weights": compat.loss_weights_of(model) is not None,
            "sample_weight": batch.weights is not None,
            "normalised": batch.weights is not None,
            "from_logits": self._reference.takes_logits,
            "flat_labels": bool(loss) and "sparse" not in loss and self._rows.is_column,
            "scaled": isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
            or model.optimizer.loss_scale_factor is not None,
        }[name]

    def _loss_name(self) -> str:
        loss = self._reference.loss
        return str(getattr(loss, "name", None) or getattr(loss, "__name__", ""))

    def _is_other_loss(self, theirs: keras.losses.Loss) -> bool:
        """Whether a loss is another one than the compiled one, or has other settings."""
        ours = self._reference.loss
        return ours is not None and described(ours) != described(theirs)

    def _finding(
        self, cause: str, number: int, step: Step, base: Forward, gap: float, after: float
    ) -> Finding:
        stages = {
            "training-flag": "forward",
            "wrong-variables": "forward",
            "loss-scaling": "gradients",
        }
        stage = stages.get(cause, "loss")
        evidence = [f"The gradients differ from fit's by {gap:.3g} of their size."]
        if step.target is not None:
            evidence += [f"The loss is {step.target:.6g}; fit's is {base.loss:.6g}."]
        place = step.calls[0].place if stage == "forward" else step.loss_place
        place = place or step.gradient_place
        return Finding(cause, stage, number, None, evidence, place, gap, after)

    def _scaled(
        self,
        number: int,
        step: Step,
        batch: Batch,
        changed: Forward,
        scale: float,
        gap: float,
        after: float,
    ) -> Finding:
        meaning = ", the number of examples" if close(scale, batch.size, 1e-3) else ""
        evidence = [f"All gradients are {scale:.6g} times fit's{meaning}."]
        target = changed.loss if step.target is None else step.target
        in_loss = any(close(target, changed.loss * by, 1e-3) for by in (scale, self._factor))
        other = not in_loss and not close(target, changed.loss, 1e-3)
        if other:
            evidence += [f"The loss is {target:.6g}; fit's is {changed.loss:.6g}."]
        cause = "loss-definition" if other else "gradient-scale"
        stage = "loss" if in_loss or other else "gradients"
        place = step.loss_place or step.gradient_place
        return Finding(cause, stage, number, None, evidence, place, gap, after)

    def _same(self, forward: Forward, outputs: Any, user: Gradients, factor: float) -> bool:
        return self._same_outputs(forward, outputs) and not self._first_other(forward, user, factor)

    def _same_outputs(self, forward: Forward, outputs: Any) -> bool:
        pairs = zip(tf.nest.flatten(forward.outputs), tf.nest.flatten(outputs), strict=False)
        return all(close(ours, theirs, 10 * self._floor) for ours, theirs in pairs)

    def _first_other(self, forward: Forward, user: Gradients, factor: float) -> str | None:
        both = list(self._pairs(forward, user))
        whole = max((float(np.abs(ours * factor).max()) for _, ours, _ in both), default=0.0)
        return next(
            (
                self._variables.names[index]
                for index, ours, theirs in both
                if not close(ours * factor, theirs, 10 * self._floor, whole)
            ),
            None,
        )

    def _pairs(
        self, forward: Forward, user: Gradients
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        for index, ours, theirs in zip(
            self._variables.trainable, forward.gradients, user, strict=True
        ):
            if ours is not None and theirs is not None:
                yield index, ours.astype(np.float64), theirs

    def _stage(
        self, base: Forward, outputs: Any, step: Step, user: Gradients
    ) -> tuple[str, str | None]:
        if not self._same_outputs(base, outputs):
            return "forward", None
        if step.target is not None and not close(base.loss, step.target, 10 * self._floor):
            return "loss", None
        return "gradients", self._first_other(base, user, self._factor)

    def _ratio(self, forward: Forward, user: Gradients) -> float:
        both = [(ours, theirs) for _, ours, theirs in self._pairs(forward, user)]
        return ratio_of(*zip(*both, strict=True)) if both else 0.0

    def _gap(self, forward: Forward, user: Gradients, factor: float) -> float:
        both = list(self._pairs(forward, user))
        size = max((float(np.abs(ours * factor).max()) for _, ours, _ in both), default=0.0)
        gaps = (float(np.abs(ours * factor - theirs).max()) for _, ours, theirs in both)
        return max(gaps, default=0.0) / (size or 1.0)


def own_weights(step: Step, batch: Batch) -> np.ndarray | None:
    """The weights of examples that the loss of a loop was called with, if there is one each."""
    return step.weights.reshape(-1) if np.size(step.weights) == batch.size > 1 else None


def labels_of(batch: Batch) -> np.ndarray:
    """The labels of examples, as whole numbers in one row."""
    return np.asarray(batch.y).reshape(-1).astype(int)


def described(loss: Any) -> tuple[Any, dict[str, Any]]:
    """What a loss computes, a function or a class, and its settings."""
    if not isinstance(loss, keras.losses.Loss):
        return loss, defaults_of(loss)
    config, function = loss.get_config(), getattr(loss, "fn", None)
    if function is None:
        return type(loss), {**config, "name": "", "reduction": ""}
    defaults = defaults_of(function)
    return function, {name: config.get(name, default) for name, default in defaults.items()}


def defaults_of(function: Any) -> dict[str, Any]:
    """The parameters of a function that have a default."""
    parameters = inspect.signature(function).parameters.values()
    return {part.name: part.default for part in parameters if part.default is not part.empty}
