"""Judges each step of a loop by itself, and names what makes it another one than `fit`'s."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.diagnosis.data import Rows
from vgg_keras.diagnosis.observer import State, Step, trainable_of
from vgg_keras.diagnosis.reference import Batch, Forward, Reference, Variation, close
from vgg_keras.diagnosis.updates import Updates, is_average
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

Gradients = list[np.ndarray | None]


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


class Judge:
    """Compares the steps of a loop with those that `fit` makes from the same states.

    Args:
        reference: Model that is trained as `fit` does.
        rows: Training data.
        tests: Test data.
        floor: Relative rounding error that is no difference.

    Attributes:
        how: How the steps differ from those of `fit` before their updates, as far as is known.
        known: Causes that were found.
        seen: For each batch that a step was made with, the state before, and the examples; None if
            they are not known.
        afters: For each of these, the state after.
        gaps: For each of these, by how much of their size the gradients differ from those of `fit`;
            None if they are not known.
        random: Whether the batches are drawn with replacement, so that no `fit` gets the same.
    """

    def __init__(self, reference: Reference, rows: Rows, tests: Rows, floor: float):
        self.reference, self._rows, self._tests, self._floor = reference, rows, tests, floor
        self.how, self._factor = Variation(), 1.0
        self.known: set[str | None] = set()
        self.seen: list[tuple[State, Batch] | None] = []
        self.afters: list[State] = []
        self.gaps: list[float | None] = []
        self.random = False
        self._updates = Updates(reference, floor)
        self._next, self._own_weights = 0, False
        self._indices: list[int] = []
        model = reference.model
        trainable = {id(variable) for variable in model.trainable_variables}
        self._trainable = [i for i, v in enumerate(model.variables) if id(v) in trainable]
        self._others = [
            index
            for index, variable in enumerate(model.variables)
            if id(variable) not in trainable and "float" in variable.dtype
        ]
        self._names = [variable.path for variable in model.variables]

    def judge(self, steps: Sequence[Step]) -> list[Finding]:
        """Judges all steps.

        Returns:
            What was found: each cause once, the earliest first. Nothing that comes after a
            difference without a cause is looked at, nor after one that makes numbers overflow.
        """
        findings: list[Finding] = []
        self._ratios = [self._ratio_of(step) for step in steps]
        inputs = [joined([call.inputs for call in step.calls]) for step in steps if step.calls]
        self._all_indices = [self._rows.batch_of(batch, i)[1] for i, batch in enumerate(inputs)]
        self.random = self._rows.are_random(self._all_indices)
        self._rates = {step.rate for step in steps}
        previous: Step | None = None
        lost = False
        for step in steps:
            lost = lost or (bool(findings) and not is_finite(step))
            if lost:
                self.seen.append(None)
            for finding in () if lost else self._judge(step, previous):
                if finding.cause not in self.known:
                    self.known.add(finding.cause)
                    findings.append(finding)
                if finding.cause is None:
                    return findings
            self.afters += [step.after] * (len(self.seen) - len(self.afters))
            self.afters[-1] = step.after
            previous = step
        return findings

    def judge_end(self, final: State) -> Iterator[Finding]:
        """Judges the weights that the loop leaves."""
        step, last = len(self.seen) - 1, self.afters[-1]
        optimizer = self.reference.model.optimizer
        changed = self._differing(final, last)
        if optimizer.use_ema and not changed:
            evidence = ["The weights at the end are not the averages that the optimizer keeps."]
            yield Finding("ema-not-finalized", "finalize", step, None, evidence, None)
        elif changed and not optimizer.use_ema:
            finding = self._changed(step, final, last, changed, "finalize", None)
            if finding.cause not in self.known:
                yield finding

    def _judge(self, step: Step, previous: Step | None) -> Iterator[Finding]:
        number = len(self.seen)
        yield from self._between(number, step, previous)
        if not step.calls:
            evidence = ["The optimizer was called twice for one forward pass."]
            yield Finding("double-update", "update", number - 1, None, evidence, step.place)
            yield from self._updated(number - 1, step)
            return
        inputs = joined([call.inputs for call in step.calls])
        batch, indices = self._rows.batch_of(inputs, self._next)
        expected = self._rows.indices(self._next)
        once_more = indices and indices == self._indices and indices != expected
        once_more = once_more and "data-order" not in self.known
        if once_more and self._all_indices[number + 1 : number + 2] in ([], [expected]):
            evidence = ["The same batch makes two updates, one after the other."]
            yield Finding("double-update", "update", number - 1, None, evidence, step.place)
        elif len(step.calls) > 1 and len(indices) > len(expected):
            evidence = [f"{len(step.calls)} batches make one update; in fit each makes one."]
            place = step.place
            yield Finding("gradient-accumulation", "gradients", number, None, evidence, place)
            self._next += len(step.calls)
            batch = None
        else:
            batch = yield from self._data(number, step, inputs, batch, indices)
            if batch and self._own_weights:
                batch = replace(batch, weights=step.weights)
            self._next += 1
        self._indices = indices
        self.seen += [(step.before, batch) if batch else None]
        self.seen += [None] * (len(step.calls) - 1 if batch is None else 0)
        self.gaps += [None] * (len(self.seen) - len(self.gaps))
        if batch:
            yield from self._gradients(number, step, batch)
        yield from self._left_out(number, step)
        yield from self._updated(number, step)
        if batch and len(step.calls) == 1:
            yield from self._state(number, step, batch)

    def _between(self, number: int, step: Step, previous: Step | None) -> Iterator[Finding]:
        place = step.calls[0].place if step.calls else step.place
        expected = previous.after if previous else self.reference.initial
        changed = self._differing(step.before, expected)
        others = self._differing(step.before, expected, self._others)
        if previous is None and changed + others:
            name, gap = self._largest(step.before, expected, changed + others)
            evidence = [f"Before the first step {name} differs by {gap:.3g} from the model's."]
            yield Finding("initial-weights", "forward", number, name, evidence, place, gap, 0.0)
        elif changed:
            yield self._changed(number - 1, step.before, expected, changed, "state", place)
        elif others:
            name, gap = self._largest(step.before, expected, others)
            evidence = [f"Between two updates {name} changed by {gap:.3g}, as in training."]
            yield Finding("validation-leak", "state", number, name, evidence, place, gap, 0.0)

    def _changed(
        self,
        number: int,
        now: State,
        before: State,
        changed: list[int],
        stage: str,
        place: str | None,
    ) -> Finding:
        name, gap = self._largest(now, before, changed)
        states = [self.reference.initial, *self.afters]
        if is_average(now, states, self._trainable, 100 * self._floor):
            evidence = [
                f"The weights become averages of earlier ones; {name} changes by {gap:.3g}."
            ]
            return Finding("ema-applied", "finalize", number, name, evidence, place, gap, 0.0)
        first, second = ([state[i] for i in self._trainable] for state in (before, now))
        ratio = ratio_of(first, second)
        pairs = zip(first, second, strict=True)
        if 0.5 < ratio < 1 and all(close(a * ratio, b, self._floor) for a, b in pairs):
            evidence = [f"After the update the weights are multiplied by {ratio:.6g}."]
            return Finding("weight-decay", stage, number, name, evidence, place, gap, 0.0)
        evidence = [f"{name} was changed by {gap:.3g} without a step."]
        return Finding(None, stage, number, name, evidence, place, gap)

    def _data(
        self, number: int, step: Step, inputs: Any, batch: Batch | None, indices: list[int]
    ) -> Generator[Finding, None, Batch | None]:
        place, expected = step.calls[0].place, self._rows.indices(self._next)
        if batch is None:
            given = self._rows.expected(self._next, inputs)
            if change := self._rows.change(self._next, inputs):
                evidence = [f"The model gets {change} what the data set gives."]
                yield Finding("input-preprocessing", "batch", number, None, evidence, place)
            elif count := self._tests.count_of(inputs):
                evidence = [f"{count} of {size_of(inputs)} examples are test data."]
                epoch = (self._next - 1) // len(self._rows.batches)
                finding = Finding("validation-leak", "batch", number, None, evidence, place)
                yield replace(finding, epoch=max(0, epoch))
                self._next -= 1
                return self._tests.batch_of(inputs, 0)[0]
            else:
                evidence = ["The model gets examples that the data set does not have."]
                known = given is not None and self._has_labels(step, given)
                if known:
                    evidence += ["Their labels are those that fit gets in this step."]
                cause = "input-preprocessing" if known else None
                yield Finding(cause, "batch", number, None, evidence, place)
            return given
        wrong = self._mislabelled(step, batch)
        if wrong:
            evidence = [f"{wrong} of {batch.size} examples have the labels of others."]
            yield Finding("data-pairing", "batch", number, None, evidence, step.loss_place or place)
            return Batch(batch.x, step.labels[0].reshape(np.shape(batch.y)), batch.weights)
        if indices == expected or self.random or "data-order" in self.known:
            return batch
        if len(expected) < self._rows.batch_size and indices == self._rows.indices(self._next + 1):
            evidence = [f"The last batch, of {len(expected)} examples, is left out."]
            yield Finding("dropped-remainder", "batch", number, None, evidence, place)
            self._next += 1
            return batch
        evidence = [
            f"The model gets {len(indices)} examples that begin with number {indices[0]} of the "
            f"data; fit gets {len(expected)} that begin with {expected[0]}."
        ]
        yield Finding("data-order", "batch", number, None, evidence, place)
        return batch

    def _has_labels(self, step: Step, batch: Batch) -> bool:
        """Whether the labels tell that examples are those of a batch."""
        return self._mislabelled(step, batch) == 0 and len(np.unique(batch.y, axis=0)) > 1

    def _mislabelled(self, step: Step, batch: Batch) -> int | None:
        """How many examples have other labels; None if no labels of the data are known."""
        if len(step.labels) != 1 or not isinstance(batch.y, np.ndarray):
            return None
        labels = step.labels[0]
        usable = isinstance(labels, np.ndarray) and labels.size == batch.y.size
        if not usable or labels.shape[:1] != (batch.size,) or not self._rows.are_targets(labels):
            return None
        ours, theirs = (y.reshape(batch.size, -1) for y in (batch.y, labels))
        return int((~np.isclose(ours, theirs)).any(axis=1).sum())

    def _are_one_hot(self, step: Step, batch: Batch) -> bool:
        """Whether the loss was called with the labels as rows that are 1 in one place."""
        labels, y = step.labels[0] if len(step.labels) == 1 else None, batch.y
        if not (isinstance(labels, np.ndarray) and isinstance(y, np.ndarray) and labels.ndim == 2):
            return False
        return y.size == len(labels) and np.array_equal(
            labels, y.reshape(-1, 1) == np.arange(labels.shape[1])
        )

    def _gradients(self, number: int, step: Step, batch: Batch) -> Iterator[Finding]:
        """Compares outputs and gradients, and looks for what makes them others."""
        outputs = joined([call.outputs for call in step.calls])
        applied, taken = (
            self._by_variable(step, step.applied),
            self._by_variable(step, step.gradients),
        )
        right = self.reference.forward(step.before, batch)
        base = right
        if self.how != Variation():
            base = self.reference.forward(step.before, batch, self.how)
        self.gaps[-1] = self._gap(right, applied, 1.0)
        if self._same(base, outputs, applied, self._factor):
            return
        if all(gradient is None for gradient in taken):
            taken = applied
        if not self._same(base, outputs, taken, self._factor):
            yield from self._explained(number, step, batch, base, outputs, taken)
        yield from self._rescaled(number, step, taken, applied)

    def _explained(
        self,
        number: int,
        step: Step,
        batch: Batch,
        base: Forward,
        outputs: Any,
        taken: Gradients,
    ) -> Iterator[Finding]:
        gap = self._gap(base, taken, self._factor)
        tried = [
            ((*reweighted, *causes), how, part, self.reference.forward(step.before, part, how))
            for reweighted, part in self._weightings(step, batch)
            for causes, how in self._variations(step, part)
        ]
        by_hand = (
            (("loss-definition",), how, batch, self.reference.forward(step.before, batch, how))
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
                self.seen[-1] = step.before, part
                for cause in causes:
                    yield self._finding(cause, number, step, base, gap, after)
                if scaled:
                    yield self._scaled(number, step, batch, changed, scale, gap, after)
                return
        stage, variable = self._stage(base, outputs, step, taken)
        evidence = [f"The step's {stage} is another than fit's, by {gap:.3g} of its size."]
        if stage == "loss" and step.loss is not None and self._is_other_loss(step.loss):
            evidence += [f"It is {type(step.loss).__name__}; the model has {self._loss_name()}."]
        place = step.calls[0].place if stage == "forward" else step.loss_place
        yield Finding(None, stage, number, variable, evidence, place or step.gradient_place, gap)

    def _weightings(self, step: Step, batch: Batch) -> Iterator[tuple[tuple[str, ...], Batch]]:
        """A batch, and the same with the weights that the loop's loss was called with."""
        yield (), batch
        if np.shape(step.weights) == (batch.size,) and not np.array_equal(
            step.weights, batch.weights
        ):
            yield ("sample-weight",), replace(batch, weights=step.weights)

    def _variations(self, step: Step, batch: Batch) -> Iterator[tuple[tuple[str, ...], Variation]]:
        known = [(cause, change) for cause, change in VARIATIONS if self._usable(change, batch)]
        own = step.loss if len(step.labels) == 1 else None
        one_hot = self._are_one_hot(step, batch)
        same_labels = one_hot or self._mislabelled(step, batch) == 0
        if own is not None and same_labels and not self.how.loss and self._is_other_loss(own):
            known += [("loss-definition", {"loss": own, "one_hot": one_hot})]
        flags = self.how.trainable or trainable_of(self.reference.model)
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
        if step.labels or not single or self.reference.loss is None:
            return
        for loss in OF_NUMBERS if batch.y.size == outputs.size else OF_LABELS:
            yield replace(self.how, loss=loss)

    def _usable(self, change: dict[str, Any], batch: Batch) -> bool:
        model, (name,) = self.reference.model, change
        loss = self._loss_name().lower()
        return {
            "training": True,
            "extra_losses": bool(model.losses),
            "loss_weights": compat.loss_weights_of(model) is not None,
            "sample_weight": batch.weights is not None,
            "normalised": batch.weights is not None,
            "from_logits": self.reference.takes_logits,
            "flat_labels": bool(loss) and "sparse" not in loss and self._rows.is_column,
            "scaled": isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer),
        }[name]

    def _loss_name(self) -> str:
        loss = self.reference.loss
        return str(getattr(loss, "name", None) or getattr(loss, "__name__", ""))

    def _is_other_loss(self, theirs: keras.losses.Loss) -> bool:
        """Whether a loss is another one than the compiled one, or has other settings."""
        ours = self.reference.loss
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

    def _rescaled(
        self, number: int, step: Step, taken: Gradients, applied: Gradients
    ) -> Iterator[Finding]:
        """What happened to gradients between the tape and the optimizer."""
        ratios = []
        for raw, given in zip(taken, applied, strict=True):
            if raw is None or given is None or close(raw, given, self._floor):
                continue
            ratio = ratio_of([raw], [given])
            scaled = close(raw * ratio, given, 10 * self._floor)
            clipped = close(np.clip(raw, given.min(), given.max()), given, self._floor)
            ratios.append(ratio if scaled else 0.0 if clipped else np.nan)
        if not ratios:
            return
        others = [ratio for ratio in self._ratios if ratio is not None]
        if len(others) > 1 and close(others[0], others[1], 1e-4):
            evidence = [f"Gradients are multiplied by {ratios[0]:.6g} before the update."]
            cause: str | None = "gradient-scale"
            self._factor *= ratios[0]
        elif all(ratio <= 1 for ratio in ratios):
            evidence = [f"Gradients are made smaller before the update, to {min(ratios):.3g}."]
            cause = "gradient-clipping"
        else:
            evidence = ["Gradients are changed before the update."]
            cause = None
        yield Finding(cause, "gradients", number, None, evidence, step.place)

    def _ratio_of(self, step: Step) -> float | None:
        """What all gradients of a step were multiplied by before its update; None if by several."""
        pairs = [
            (step.gradients[key], step.applied[key])
            for key in step.applied
            if key in step.gradients
        ]
        if not pairs or len(step.calls) != 1:
            return None
        ratio = ratio_of(*zip(*pairs, strict=True))
        same = all(close(raw * ratio, given, 10 * self._floor) for raw, given in pairs)
        return ratio if same and not close(ratio, 1.0, self._floor) else None

    def _left_out(self, number: int, step: Step) -> Iterator[Finding]:
        applied = self._by_variable(step, step.applied)
        pairs = zip(self._trainable, applied, strict=True)
        missing = [index for index, gradient in pairs if gradient is None]
        more = self._added(step)
        if more:
            names = [self._names[index] for index in more]
            evidence = [f"The update changes {', '.join(names[:5])}, too."]
            yield Finding("wrong-variables", "update", number, names[0], evidence, step.place)
        if not missing:
            return
        taken = self._by_variable(step, step.gradients)
        stage = "update" if taken[self._trainable.index(missing[0])] is not None else "gradients"
        names = [self._names[index] for index in missing]
        evidence = [f"The update leaves out {', '.join(names[:5])}."]
        yield Finding("wrong-variables", stage, number, names[0], evidence, step.place)

    def _added(self, step: Step) -> list[int]:
        """Variables that the step updates and fit does not."""
        variables = step.model.variables
        return [index for index in self._others if id(variables[index].value) in step.applied]

    def _updated(self, number: int, step: Step) -> Iterator[Finding]:
        applied = self._by_variable(step, {**step.applied, **step.sparse})
        indices = [i for i, g in zip(self._trainable, applied, strict=True) if g is not None]
        explained = self._updates.explain(step, applied, indices, len(self._rates) > 1)
        if explained is None:
            return
        cause, evidence, expected, changed = explained
        name, gap = self._largest(step.after, expected, indices)
        after = None if changed is None else self._largest(step.after, changed, indices)[1]
        if cause is None:
            evidence = [f"The same gradients move {name} by {gap:.3g} more or less than in fit."]
        yield Finding(cause, "update", number, name, evidence, step.place, gap, after)

    def _state(self, number: int, step: Step, batch: Batch) -> Iterator[Finding]:
        if not self._others:
            return
        expected = self.reference.forward(step.before, batch, self.how).after
        for index in sorted({*self._others} - {*self._added(step)}):
            if close(step.after[index], expected[index], 10 * self._floor):
                continue
            name, gap = self._largest(step.after, expected, [index])
            kept = np.array_equal(step.after[index], step.before[index])
            evidence = [f"{name} {'stays as it is' if kept else f'differs by {gap:.3g}'}."]
            cause, place = "state-not-updated" if kept else None, step.calls[0].place
            yield Finding(cause, "state", number, name, evidence, place, gap)
            return

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
                self._names[index]
                for index, ours, theirs in both
                if not close(ours * factor, theirs, 10 * self._floor, whole)
            ),
            None,
        )

    def _pairs(
        self, forward: Forward, user: Gradients
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        for index, ours, theirs in zip(self._trainable, forward.gradients, user, strict=True):
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

    def _by_variable(self, step: Step, values: dict[int, Any]) -> list[Any]:
        variables = step.model.variables
        return [values.get(id(variables[index].value)) for index in self._trainable]

    def _differing(
        self, first: State, second: State, indices: list[int] | None = None
    ) -> list[int]:
        return [
            index
            for index in (self._trainable if indices is None else indices)
            if not np.array_equal(first[index], second[index], equal_nan=True)
        ]

    def _largest(self, first: State, second: State, indices: list[int]) -> tuple[str, float]:
        gaps = {
            self._names[i]: float(np.abs(first[i].astype(np.float64) - second[i]).max(initial=0.0))
            for i in indices
        }
        name = max(gaps, key=lambda key: gaps[key])
        return name, gaps[name]


def joined(parts: Sequence[Any]) -> Any:
    """Puts batches one after the other."""
    if len(parts) == 1:
        return parts[0]
    return tf.nest.map_structure(lambda *leaves: np.concatenate(leaves), *parts)


def size_of(inputs: Any) -> int:
    """Number of examples."""
    return len(tf.nest.flatten(inputs)[0])


def is_finite(step: Step) -> bool:
    """Whether all gradients of a step are finite."""
    return all(np.isfinite(gradient).all() for gradient in step.gradients.values())


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


def ratio_of(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> float:
    """What arrays have to be multiplied by to be as near as possible to others."""
    square = sum(float((a.astype(np.float64) ** 2).sum()) for a in first)
    product = sum(
        float((a.astype(np.float64) * b).sum()) for a, b in zip(first, second, strict=True)
    )
    return product / square if square else 0.0
