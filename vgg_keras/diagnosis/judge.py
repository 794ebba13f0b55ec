"""Judges each step of a loop by itself, and names what makes it another one than `fit`'s."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vgg_keras.diagnosis.backward import Backward
from vgg_keras.diagnosis.data import Rows
from vgg_keras.diagnosis.examples import Examples
from vgg_keras.diagnosis.findings import Finding, Variables, ratio_of
from vgg_keras.diagnosis.observer import State, Step
from vgg_keras.diagnosis.reference import Batch, Reference, Variation, close
from vgg_keras.diagnosis.updates import Updates, is_average


class Judge:
    """Compares the steps of a loop with those that `fit` makes from the same states.

    Args:
        reference: Model that is trained as `fit` does.
        rows: Training data.
        tests: Test data.
        steps: All steps of the loop.
        floor: Relative rounding error that is no difference.

    Attributes:
        known: Causes that were found.
        seen: For each batch that a step was made with, the state before, and the examples; None if
            they are not known.
        afters: For each of these, the state after.
        gaps: For each of these, by how much of their size the gradients differ from those of `fit`;
            None if they are not known.
        random: Whether the batches are drawn with replacement, so that no `fit` gets the same.
    """

    def __init__(
        self, reference: Reference, rows: Rows, tests: Rows, steps: Sequence[Step], floor: float
    ):
        self.reference, self._steps, self._floor = reference, steps, floor
        self._variables = Variables(reference.model)
        self._examples = Examples(rows, tests, steps)
        self._backward = Backward(reference, self._variables, rows, steps, floor)
        self._updates = Updates(reference, floor)
        self._rates = {step.rate for step in steps}
        self.random = self._examples.random
        self.known: set[str | None] = set()
        self.seen: list[tuple[State, Batch] | None] = []
        self.afters: list[State] = []
        self._others: State = []
        self.gaps: list[float | None] = []

    @property
    def how(self) -> Variation:
        """How the steps differ from those of `fit` before their updates, as far as is known."""
        return self._backward.how

    def judge(self, final: State) -> list[Finding]:
        """Judges all steps.

        Args:
            final: The state that the loop leaves.

        Returns:
            What was found: each cause once, the earliest first. Nothing that comes after a
            difference without a cause is looked at, nor after one that makes numbers overflow.
        """
        findings: list[Finding] = []
        previous: Step | None = None
        lost = False
        states = [*(step.before for step in self._steps), final]
        for step, following in zip(self._steps, states[1:], strict=True):
            lost = lost or (bool(findings) and not is_finite(step))
            if lost:
                self.seen.append(None)
            for finding in () if lost else self._judge(step, previous, following):
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
        changed = self._variables.differing(final, last)
        if optimizer.use_ema and not changed:
            evidence = ["The weights at the end are not the averages that the optimizer keeps."]
            yield Finding("ema-not-finalized", "finalize", step, None, evidence, None)
        elif changed and not optimizer.use_ema:
            finding = self._changed(step, final, last, changed, "finalize", None)
            if finding.cause not in self.known:
                yield finding

    def _judge(self, step: Step, previous: Step | None, following: State) -> Iterator[Finding]:
        number = len(self.seen)
        yield from self._between(number, step, previous)
        self._others = []
        self.reference.set_scale(step.scale)
        if not step.calls:
            evidence = ["The optimizer was called twice for one forward pass."]
            yield Finding("double-update", "update", number - 1, None, evidence, step.place)
            yield from self._updated(number - 1, step)
            return
        batch = yield from self._examples.judge(number, step)
        several = len(step.calls) if batch is None else 1
        self.seen += [(step.before, batch) if batch else None] + [None] * (several - 1)
        self.gaps += [None] * several
        if batch:
            right = self.reference.forward(step.before, batch)
            self.gaps[-1] = self._backward.gap(step, right)
            batch = yield from self._backward.judge(number, step, batch, right)
            self.seen[-1] = step.before, batch
        yield from self._left_out(number, step)
        yield from self._updated(number, step)
        if batch and len(step.calls) == 1:
            yield from self._state(number, step, following, batch)

    def _between(self, number: int, step: Step, previous: Step | None) -> Iterator[Finding]:
        place = step.calls[0].place if step.calls else step.place
        expected = previous.after if previous else self.reference.initial
        changed = self._variables.differing(step.before, expected)
        others = self._variables.differing(step.before, expected, self._variables.others)
        others = [index for index in others if not self._as_in_fit(step.before, index)]
        if previous is None and changed + others:
            name, gap = self._variables.largest(step.before, expected, changed + others)
            evidence = [f"Before the first step {name} differs by {gap:.3g} from the model's."]
            yield Finding("initial-weights", "forward", number, name, evidence, place, gap, 0.0)
        elif changed:
            yield self._changed(number - 1, step.before, expected, changed, "state", place)
        elif others:
            name, gap = self._variables.largest(step.before, expected, others)
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
        name, gap = self._variables.largest(now, before, changed)
        states = [self.reference.initial, *self.afters]
        if is_average(now, states, self._variables.trainable, 100 * self._floor):
            evidence = [
                f"The weights become averages of earlier ones; {name} changes by {gap:.3g}."
            ]
            return Finding("ema-applied", "finalize", number, name, evidence, place, gap, 0.0)
        first, second = ([state[i] for i in changed] for state in (before, now))
        ratio = ratio_of(first, second)
        pairs = zip(first, second, strict=True)
        if 0.5 < ratio < 1 and all(close(a * ratio, b, self._floor) for a, b in pairs):
            evidence = [
                f"After the update weights are multiplied by {ratio:.6g}; {name} changes by "
                f"{gap:.3g}."
            ]
            return Finding("weight-decay", "update", number, name, evidence, place, gap, 0.0)
        if not self._variables.differing(now, self.reference.initial):
            evidence = ["The weights become the initial ones again."]
            return Finding("initial-weights", stage, number, name, evidence, place, gap, 0.0)
        evidence = [f"{name} was changed by {gap:.3g} without a step."]
        return Finding(None, stage, number, name, evidence, place, gap)

    def _left_out(self, number: int, step: Step) -> Iterator[Finding]:
        applied = self._variables.of(step, step.applied)
        pairs = zip(self._variables.trainable, applied, strict=True)
        missing = [index for index, gradient in pairs if gradient is None]
        more = self._added(step)
        if more:
            names = [self._variables.names[index] for index in more]
            evidence = [f"The update changes {', '.join(names[:5])}, too."]
            yield Finding("wrong-variables", "update", number, names[0], evidence, step.place)
        if not missing:
            return
        taken = self._variables.of(step, step.gradients)
        stage = (
            "update"
            if taken[self._variables.trainable.index(missing[0])] is not None
            else "gradients"
        )
        names = [self._variables.names[index] for index in missing]
        evidence = [f"The update leaves out {', '.join(names[:5])}."]
        yield Finding("wrong-variables", stage, number, names[0], evidence, step.place)

    def _added(self, step: Step) -> list[int]:
        """Variables that the step updates and fit does not."""
        variables = step.model.variables
        return [
            index for index in self._variables.others if id(variables[index].value) in step.applied
        ]

    def _updated(self, number: int, step: Step) -> Iterator[Finding]:
        values = {**step.applied, **step.sparse}
        applied = self._variables.of(step, values)
        parts = [
            (optimizer, self._variables.of(step, {key: values[key] for key in keys}))
            for optimizer, keys in step.optimizers
        ]
        indices = [
            i for i, g in zip(self._variables.trainable, applied, strict=True) if g is not None
        ]
        explained = self._updates.explain(step, applied, parts, indices, len(self._rates) > 1)
        if explained is None:
            return
        cause, evidence, expected, changed = explained
        name, gap = self._variables.largest(step.after, expected, indices)
        after = (
            None if changed is None else self._variables.largest(step.after, changed, indices)[1]
        )
        if cause is None:
            evidence = [f"The same gradients move {name} by {gap:.3g} more or less than in fit."]
        yield Finding(cause, "update", number, name, evidence, step.place, gap, after)

    def _as_in_fit(self, state: State, index: int) -> bool:
        """Whether a variable has the value that the last step of `fit` would have given it."""
        return bool(self._others) and close(state[index], self._others[index], 10 * self._floor)

    def _state(self, number: int, step: Step, following: State, batch: Batch) -> Iterator[Finding]:
        if not self._variables.others:
            return
        expected = self.reference.forward(step.before, batch, self._backward.how).after
        self._others = expected
        for index in sorted({*self._variables.others} - {*self._added(step)}):
            # a loop may assign what `stateless_call` returned after its update
            if self._as_in_fit(step.after, index) or self._as_in_fit(following, index):
                continue
            name, gap = self._variables.largest(step.after, expected, [index])
            kept = np.array_equal(step.after[index], step.before[index])
            evidence = [f"{name} {'stays as it is' if kept else f'differs by {gap:.3g}'}."]
            cause, place = "state-not-updated" if kept else None, step.calls[0].place
            yield Finding(cause, "state", number, name, evidence, place, gap)
            return


def is_finite(step: Step) -> bool:
    """Whether all gradients of a step are finite."""
    return all(np.isfinite(gradient).all() for gradient in step.gradients.values())
