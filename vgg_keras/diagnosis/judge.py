"""Judges each step of a loop by itself, and names what makes it another one than `fit`'s."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.diagnosis.data import Rows
from vgg_keras.diagnosis.observer import State, Step
from vgg_keras.diagnosis.reference import Batch, Forward, Reference, Variation, close

VARIATIONS: dict[str, dict[str, Any]] = {
    "training-flag": {"training": False},
    "missing-extra-losses": {"extra_losses": False},
    "sample-weight": {"sample_weight": False},
    "from-logits": {"from_logits": True},
    "label-shape": {"flat_labels": True},
}
"""Causes that make another forward pass, loss or gradient, the simplest first."""

SETTINGS = {
    "weight_decay": "weight-decay",
    "clipnorm": "gradient-clipping",
    "clipvalue": "gradient-clipping",
    "global_clipnorm": "gradient-clipping",
}
"""Settings of optimizers whose causes have names of their own."""

NOT_COMPARED = ("name", "use_ema", "ema_momentum", "ema_overwrite_frequency")


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
    """

    cause: str | None
    stage: str
    step: int
    variable: str | None
    evidence: list[str]
    place: str | None
    before: float | None = None
    after: float | None = None


class Judge:
    """Compares the steps of a loop with those that `fit` makes from the same states.

    Args:
        reference: Model that is trained as `fit` does.
        rows: The training data.
        floor: Relative rounding error that is no difference.

    Attributes:
        how: How the steps differ from those of `fit` before their updates, as far as is known.
        known: Causes that were found.
        seen: For each batch that a step was made with, the state before, and the examples; None if
            they are not known.
        afters: For each of these, the state after.
    """

    def __init__(self, reference: Reference, rows: Rows, floor: float):
        self.reference, self.rows, self.floor = reference, rows, floor
        self.how = Variation()
        self.seen: list[tuple[State, Batch] | None] = []
        self.afters: list[State] = []
        self._factor = 1.0
        self.known: set[str | None] = set()
        self._next = 0
        self._update: list[tuple[State, list[np.ndarray | None]]] = []
        self._optimizer = reference.model.optimizer
        model = reference.model
        trainable = {id(variable) for variable in model.trainable_variables}
        self._trainable = [index for index, v in enumerate(model.variables) if id(v) in trainable]
        self._others = [
            index
            for index, v in enumerate(model.variables)
            if id(v) not in trainable and np.issubdtype(np.dtype(v.dtype), np.floating)
        ]
        self.names = [variable.path for variable in model.variables]

    def judge(self, steps: Sequence[Step]) -> list[Finding]:
        """Judges all steps.

        Returns:
            What was found: each cause once, the earliest first.
        """
        findings: list[Finding] = []
        previous: Step | None = None
        for step in steps:
            number = max(0, len(self.seen) - (not step.calls))
            for finding in self._judge(number, step, previous):
                if finding.cause not in self.known:
                    self.known.add(finding.cause)
                    findings.append(finding)
                if finding.cause is None:
                    return findings
            self.afters = [*self.afters, *[step.after] * len(self.seen)][: len(self.seen)]
            self.afters[-1] = step.after
            previous = step
        return findings

    def _judge(self, number: int, step: Step, previous: Step | None) -> Iterator[Finding]:
        place = step.calls[0].place if step.calls else step.place
        yield from self._between(number, step, previous, place)
        applied = self._by_variable(step, step.applied)
        if not step.calls:
            if previous:
                evidence = ["The optimizer was called twice for one forward pass."]
                yield Finding("double-update", "update", number, None, evidence, step.place)
            yield from self._after(number, step, applied)
            return
        if len(step.calls) > 1:
            evidence = [f"{len(step.calls)} batches make one update; in fit each makes one."]
            yield Finding("gradient-accumulation", "gradients", number, None, evidence, place)
        batch, indices = self.rows.batch_of(step.calls[0].inputs, self._next)
        if len(step.calls) == 1:
            yield from self._data(number, step, batch, indices, place)
        if batch is None:
            batch = self.rows.expected(self._next - 1, step.calls[0].inputs)
        seen = (step.before, batch) if len(step.calls) == 1 and batch else None
        self.seen += [seen] * len(step.calls)
        if len(step.calls) == 1 and batch is not None:
            yield from self._forward(number, step, batch)
        yield from self._clipped(number, step, applied)
        yield from self._variables(number, step, applied)
        yield from self._after(number, step, applied)

    def _between(
        self, number: int, step: Step, previous: Step | None, place: str | None
    ) -> Iterator[Finding]:
        expected = previous.after if previous else self.reference.initial
        differing = [
            index
            for index in (*self._trainable, *self._others)
            if not np.array_equal(step.before[index], expected[index], equal_nan=True)
        ]
        if not differing:
            return
        name, gap = self._largest(step.before, expected, differing)
        if previous is None:
            evidence = [f"Before the first step {name} differs by {gap:.3g} from the model's."]
            yield Finding("initial-weights", "state", number, name, evidence, place, gap, 0.0)
        elif not set(differing) & set(self._trainable):
            evidence = [f"Between two updates {name} changed by {gap:.3g}, as in training."]
            yield Finding("validation-leak", "state", number, name, evidence, place, gap, 0.0)
        else:
            evidence = [f"Between two updates {name} was changed by {gap:.3g}."]
            yield Finding(None, "state", number, name, evidence, place, gap)

    def _data(
        self, number: int, step: Step, batch: Batch | None, indices: Any, place: str | None
    ) -> Iterator[Finding]:
        expected = self.rows.indices(self._next)
        self._next += 1
        if batch is None:
            change = self.rows.change(self._next - 1, step.calls[0].inputs)
            if change:
                evidence = [f"The model gets {change} of what the data set gives."]
                yield Finding("input-preprocessing", "batch", number, None, evidence, place)
            else:
                evidence = ["The model gets rows that the data set does not have."]
                yield Finding(None, "batch", number, None, evidence, place)
            return
        if indices != expected:
            following = self.rows.indices(self._next)
            if len(expected) < self.rows.batch_size and indices == following:
                evidence = [f"The last batch, of {len(expected)} examples, is left out."]
                yield Finding("dropped-remainder", "batch", number, None, evidence, place)
                self._next += 1
            else:
                evidence = [
                    f"The model gets {len(indices)} examples that begin with number {indices[0]} "
                    f"of the data; fit gets {len(expected)} that begin with {expected[0]}."
                ]
                yield Finding("data-order", "batch", number, None, evidence, place)
        if step.labels and step.labels[0][0] is not None:
            true = np.asarray(step.labels[0][0]).reshape(batch.size, -1)
            ours = np.asarray(tf.nest.flatten(batch.y)[0])
            paired = ours.reshape(batch.size, -1)
            if true.shape == paired.shape and not np.allclose(true, paired):
                wrong = int((~np.isclose(true, paired)).any(axis=1).sum())
                evidence = [f"{wrong} of {batch.size} examples have the labels of others."]
                yield Finding("data-pairing", "batch", number, None, evidence, step.loss_place)

    def _forward(self, number: int, step: Step, batch: Batch) -> Iterator[Finding]:
        user = self._by_variable(step, step.gradients)
        base = self.reference.forward(step.before, batch, self.how)
        outputs = step.calls[0].outputs
        if self._same(base, outputs, user, self._factor):
            return
        gap = self._gap(base, user)
        for causes, how in self._variations(batch):
            changed = self.reference.forward(step.before, batch, how)
            for factor in (self._factor, self._ratio(changed, user)):
                if factor and self._same(changed, outputs, user, factor):
                    self.how, scale = how, factor / self._factor
                    self._factor = factor
                    after = self._gap(changed, user, factor)
                    for cause in causes:
                        yield self._forward_finding(cause, number, step, base, gap, after)
                    if not close(scale, 1.0, 10 * self.floor):
                        yield self._scale_finding(number, step, scale, batch, gap, after)
                    return
        stage, variable = self._stage(base, outputs, step, user)
        place = {"forward": step.calls[0].place, "loss": step.loss_place}.get(stage)
        other = self._other_loss(step) if stage == "loss" else None
        evidence = [f"The step's {stage} is another than fit's, by {gap:.3g} of its size."]
        if other:
            evidence.append(f"It is {type(step.loss).__name__}; the model has {self._loss_name()}.")
        yield Finding(other, stage, number, variable, evidence, place or step.gradient_place, gap)

    def _variations(self, batch: Batch) -> Iterator[tuple[tuple[str, ...], Variation]]:
        usable = [cause for cause in VARIATIONS if self._usable(cause, batch)]
        for count in (0, 1, 2):
            for causes in itertools.combinations(usable, count):
                changes = {k: v for cause in causes for k, v in VARIATIONS[cause].items()}
                yield causes, replace(self.how, **changes)

    def _usable(self, cause: str, batch: Batch) -> bool:
        model = self.reference.model
        (change,) = VARIATIONS[cause].items()
        if getattr(self.how, change[0]) == change[1]:
            return False
        if cause == "sample-weight":
            return batch.weights is not None
        if cause == "missing-extra-losses":
            return bool(model.losses)
        single = isinstance(model.loss, (str, keras.losses.Loss))
        if cause == "from-logits":
            return single and "crossentropy" in self._loss_name().lower()
        if cause == "label-shape":
            return single and "sparse" not in self._loss_name().lower() and self.rows.is_column
        return True

    def _loss_name(self) -> str:
        loss = self.reference.model.loss
        return loss if isinstance(loss, str) else type(loss).__name__

    def _other_loss(self, step: Step) -> str | None:
        loss = keras.losses.get(self.reference.model.loss) if step.loss else None
        if not isinstance(loss, keras.losses.Loss):
            known = self._loss_name().replace("_", "").lower()
            same = step.loss is None or type(step.loss).__name__.lower() == known
            return None if same else "loss-definition"
        mine, theirs = ({**part.get_config(), "name": 0} for part in (loss, step.loss))
        return None if mine == theirs else "loss-definition"

    def _forward_finding(
        self, cause: str, number: int, step: Step, base: Forward, gap: float, after: float
    ) -> Finding:
        stage = "forward" if cause == "training-flag" else "loss"
        evidence = [
            f"The gap to fit's gradients is {gap:.3g} of their size, and {after:.3g} with this "
            "one change."
        ]
        if stage == "loss" and step.target is not None:
            evidence.append(f"The loss is {step.target:.6g}; fit's is {base.loss:.6g}.")
        place = step.calls[0].place if stage == "forward" else step.loss_place
        place = place or step.gradient_place
        return Finding(cause, stage, number, None, evidence, place, gap, after)

    def _scale_finding(
        self, number: int, step: Step, scale: float, batch: Batch, gap: float, after: float
    ) -> Finding:
        meaning = " (the number of examples)" if close(scale, batch.size, 1e-3) else ""
        evidence = [f"All gradients are {scale:.6g} times fit's{meaning}."]
        place = step.loss_place or step.gradient_place
        cause = "gradient-scale"
        return Finding(cause, "gradients", number, None, evidence, place, gap, after)

    def _same(
        self, forward: Forward, outputs: Any, user: Sequence[np.ndarray | None], factor: float
    ) -> bool:
        pairs = zip(tf.nest.flatten(forward.outputs), tf.nest.flatten(outputs), strict=False)
        if not all(close(ours, theirs, 10 * self.floor) for ours, theirs in pairs):
            return False
        both = [
            (ours * factor, theirs)
            for ours, theirs in zip(forward.gradients, user, strict=True)
            if ours is not None and theirs is not None
        ]
        whole = max((np.abs(ours).max() for ours, _ in both if ours.size), default=0.0)
        return all(close(ours, theirs, 10 * self.floor, whole) for ours, theirs in both)

    def _stage(
        self, base: Forward, outputs: Any, step: Step, user: Sequence[np.ndarray | None]
    ) -> tuple[str, str | None]:
        pairs = zip(tf.nest.flatten(base.outputs), tf.nest.flatten(outputs), strict=False)
        if not all(close(ours, theirs, 10 * self.floor) for ours, theirs in pairs):
            return "forward", None
        if step.target is not None and not close(base.loss, step.target, 10 * self.floor):
            return "loss", None
        for index, ours, theirs in zip(self._trainable, base.gradients, user, strict=True):
            both = ours is not None and theirs is not None
            if both and not close(ours, theirs, 10 * self.floor):
                return "gradients", self.names[index]
        return "gradients", None

    def _ratio(self, forward: Forward, user: Sequence[np.ndarray | None]) -> float:
        both = [
            (ours, theirs)
            for ours, theirs in zip(forward.gradients, user, strict=True)
            if ours is not None and theirs is not None
        ]
        square = sum(float((ours.astype(np.float64) ** 2).sum()) for ours, _ in both)
        product = sum(float((ours.astype(np.float64) * theirs).sum()) for ours, theirs in both)
        return product / square if square else 0.0

    def _gap(
        self, forward: Forward, user: Sequence[np.ndarray | None], factor: float = 1.0
    ) -> float:
        both = [
            (ours.astype(np.float64) * factor, theirs)
            for ours, theirs in zip(forward.gradients, user, strict=True)
            if ours is not None and theirs is not None
        ]
        size = max((float(np.abs(ours).max()) for ours, _ in both), default=0.0)
        largest = max((float(np.abs(ours - theirs).max()) for ours, theirs in both), default=0.0)
        return largest / size if size else largest

    def _clipped(
        self, number: int, step: Step, applied: list[np.ndarray | None]
    ) -> Iterator[Finding]:
        taken = self._by_variable(step, step.gradients)
        ratios = []
        for raw, given in zip(taken, applied, strict=True):
            if raw is None or given is None or np.array_equal(raw, given):
                continue
            square = float((raw.astype(np.float64) ** 2).sum())
            ratio = float((raw.astype(np.float64) * given).sum()) / square if square else 1.0
            clipped = close(np.clip(raw, given.min(), given.max()), given, self.floor)
            scaled = close(raw * ratio, given, 10 * self.floor)
            ratios.append(ratio if scaled else 0.0 if clipped else float("nan"))
        if not ratios or len(step.calls) != 1:
            return
        if all(ratio <= 1 for ratio in ratios):
            evidence = [
                f"Gradients are made smaller before the update, to {min(ratios):.3g} times."
            ]
            cause: str | None = "gradient-clipping"
        elif max(ratios) - min(ratios) < 10 * self.floor * max(ratios):
            evidence = [f"Gradients are multiplied by {ratios[0]:.6g} before the update."]
            cause = "gradient-scale"
        else:
            evidence = ["Gradients are changed before the update."]
            cause = None
        yield Finding(cause, "gradients", number, None, evidence, step.place)

    def _variables(
        self, number: int, step: Step, applied: list[np.ndarray | None]
    ) -> Iterator[Finding]:
        missing = [
            self.names[index]
            for index, gradient in zip(self._trainable, applied, strict=True)
            if gradient is None
        ]
        if missing and len(missing) < len(applied) + 1:
            evidence = [f"The update leaves out {', '.join(missing[:5])}."]
            cause, place = "wrong-variables", step.place
            yield Finding(cause, "update", number, missing[0], evidence, place)

    def _after(
        self, number: int, step: Step, applied: list[np.ndarray | None]
    ) -> Iterator[Finding]:
        yield from self._updated(number, step, applied)
        if len(step.calls) == 1:
            yield from self._state(number, step)

    def _updated(
        self, number: int, step: Step, applied: list[np.ndarray | None]
    ) -> Iterator[Finding]:
        slots = [np.array(v) for v in self._optimizer.variables]
        expected = self.reference.update(self._optimizer, step.before, applied)
        if self._agree(expected, step, applied):
            self._update.append((step.before, applied))
            return
        name, gap = self._largest(step.after, expected, self._trainable)
        for cause, evidence, optimizer in self._optimizers(step, slots):
            changed = self.reference.update(optimizer, step.before, applied)
            if self._agree(changed, step, applied):
                self._optimizer = optimizer
                self._update.append((step.before, applied))
                after = self._largest(step.after, changed, self._trainable)[1]
                place = step.place
                yield Finding(cause, "update", number, name, evidence, place, gap, after)
                return
        evidence = [f"The same gradients move {name} by {gap:.3g} more or less than in fit."]
        yield Finding(None, "update", number, name, evidence, step.place, gap)

    def _optimizers(
        self, step: Step, slots: list[np.ndarray]
    ) -> Iterator[tuple[str, list[str], keras.optimizers.Optimizer]]:
        """Optimizers that may be the one that made an update, with what tells them from fit's."""
        model = self.reference.model
        ours = model.optimizer.get_config()
        yield (
            "optimizer-recreated",
            ["The optimizer begins anew, without its averages."],
            _again(self._optimizer, model),
        )
        if step.optimizer is None:
            return
        theirs = step.optimizer.get_config()
        differing = [
            name
            for name in sorted(set(ours) | set(theirs))
            if name not in NOT_COMPARED and ours.get(name) != theirs.get(name)
        ]
        other = type(step.optimizer) is not type(model.optimizer)
        evidence = [
            f"{name} is {theirs.get(name)}; fit's is {ours.get(name)}." for name in differing
        ]
        if other:
            kinds = (type(part).__name__ for part in (step.optimizer, model.optimizer))
            evidence = ["It is {}; fit's is {}.".format(*kinds)]
        cause = "optimizer-config"
        if not other and len(differing) == 1:
            cause = SETTINGS.get(differing[0], cause)
            scheduled = isinstance(ours.get("learning_rate"), dict)
            if differing == ["learning_rate"] and scheduled:
                cause = "learning-rate-schedule"
        if differing or other:
            optimizer = _again(step.optimizer, model)
            for before, gradients in self._update:
                self.reference.update(optimizer, before, gradients)
            yield cause, evidence, optimizer
        for variable in model.trainable_variables:
            variable.constraint = None
        free = _again(self._optimizer, model)
        for variable, value in zip(free.variables, slots, strict=True):
            variable.assign(value)
        yield "constraint-skipped", ["The constraints of layers are not applied."], free

    def _agree(self, expected: State, step: Step, applied: Sequence[np.ndarray | None]) -> bool:
        for index, gradient in zip(self._trainable, applied, strict=True):
            if gradient is None:
                continue
            moved = step.after[index].astype(np.float64) - step.before[index]
            ours = expected[index].astype(np.float64) - step.before[index]
            whole = 100 * float(np.abs(step.before[index]).max(initial=0.0))
            if not close(moved, ours, 100 * self.floor, whole / 100):
                return False
        return True

    def _state(self, number: int, step: Step) -> Iterator[Finding]:
        batch, _ = self.rows.batch_of(step.calls[0].inputs, self._next - 1)
        if batch is None or not self._others:
            return
        expected = self.reference.forward(step.before, batch, self.how).after
        for index in self._others:
            if close(step.after[index], expected[index], 10 * self.floor):
                continue
            name = self.names[index]
            gap = float(np.abs(step.after[index] - expected[index]).max())
            kept = np.array_equal(step.after[index], step.before[index])
            cause = "state-not-updated" if kept else None
            evidence = [f"{name} {'stays as it is' if kept else f'differs by {gap:.3g}'}."]
            yield Finding(cause, "state", number, name, evidence, step.calls[0].place, gap)
            return

    def _by_variable(self, step: Step, values: dict[int, np.ndarray]) -> list[np.ndarray | None]:
        variables = step.model.variables
        keys = [id(variables[index].value) for index in self._trainable]
        return [values.get(key) for key in keys]

    def _largest(self, first: State, second: State, indices: Sequence[int]) -> tuple[str, float]:
        gaps = [
            (float(np.abs(first[i].astype(np.float64) - second[i]).max(initial=0.0)), self.names[i])
            for i in indices
        ]
        gap, name = max(gaps)
        return name, gap


def _again(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> keras.optimizers.Optimizer:
    fresh = type(optimizer).from_config(optimizer.get_config())
    fresh.build(model.trainable_variables)
    return fresh
