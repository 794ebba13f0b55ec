"""Which examples reach the model in each step of a loop, and which it gets from `fit`."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from vgg_keras.diagnosis.data import Rows
from vgg_keras.diagnosis.findings import Finding, joined
from vgg_keras.diagnosis.observer import Step
from vgg_keras.diagnosis.reference import Batch


class Examples:
    """Follows a loop through the data.

    Args:
        rows: Training data.
        tests: Test data.
        steps: All steps of the loop.

    Attributes:
        random: Whether the batches are drawn with replacement, so that no `fit` gets the same.
    """

    def __init__(self, rows: Rows, tests: Rows, steps: Sequence[Step]):
        self._rows, self._tests = rows, tests
        inputs = [joined([call.inputs for call in step.calls]) for step in steps if step.calls]
        self._all = [rows.batch_of(batch, i)[1] for i, batch in enumerate(inputs)]
        self.random = rows.are_random(self._all)
        self._next, self._reordered = 0, False
        self._indices: list[int] = []

    def judge(self, number: int, step: Step) -> Generator[Finding, None, Batch | None]:
        """Compares the examples of a step with those that `fit` gets.

        Args:
            number: Number of the step.
            step: The step, with one call of the model or more.

        Returns:
            The examples as `fit` passes them on; None if they are of several batches, or unknown.
        """
        inputs = joined([call.inputs for call in step.calls])
        batch, indices = self._rows.batch_of(inputs, self._next)
        expected = self._rows.indices(self._next)
        once_more = indices and indices == self._indices and indices != expected
        self._indices = indices
        if (
            once_more
            and not self._reordered
            and self._all[number + 1 : number + 2] in ([], [expected])
        ):
            evidence = ["The same batch makes two updates, one after the other."]
            yield Finding("double-update", "update", number - 1, None, evidence, step.place)
            return batch
        if len(step.calls) > 1 and len(indices) > len(expected):
            evidence = [f"{len(step.calls)} batches make one update; in fit each makes one."]
            place = step.place
            yield Finding("gradient-accumulation", "gradients", number, None, evidence, place)
            self._next += len(step.calls)
            return None
        batch = yield from self._compare(number, step, inputs, batch, indices)
        self._next += 1
        return batch

    def _compare(
        self, number: int, step: Step, inputs: Any, batch: Batch | None, indices: list[int]
    ) -> Generator[Finding, None, Batch | None]:
        place, expected = step.calls[0].place, self._rows.indices(self._next)
        if batch is None:
            given = self._rows.expected(self._next, inputs)
            if change := self._rows.change(self._next, inputs):
                evidence = [f"The model gets {change}."]
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
        wrong = self._rows.mislabelled(step.labels, batch)
        if wrong:
            evidence = [f"{wrong} of {batch.size} examples have the labels of others."]
            yield Finding("data-pairing", "batch", number, None, evidence, step.loss_place or place)
            return Batch(batch.x, step.labels[0].reshape(np.shape(batch.y)), batch.weights)
        if indices == expected or self.random or self._reordered:
            return batch
        if len(expected) < self._rows.batch_size and indices == self._rows.indices(self._next + 1):
            evidence = [f"The last batch, of {len(expected)} examples, is left out."]
            yield Finding("dropped-remainder", "batch", number, None, evidence, place)
            self._next += 1
            return batch
        self._reordered = True
        evidence = [
            f"The model gets {len(indices)} examples that begin with number {indices[0]} of the "
            f"data; fit gets {len(expected)} that begin with {expected[0]}."
        ]
        yield Finding("data-order", "batch", number, None, evidence, place)
        return batch

    def _has_labels(self, step: Step, batch: Batch) -> bool:
        """Whether the labels tell that examples are those of a batch."""
        return (
            self._rows.mislabelled(step.labels, batch) == 0 and len(np.unique(batch.y, axis=0)) > 1
        )


def size_of(inputs: Any) -> int:
    """Number of examples."""
    return len(tf.nest.flatten(inputs)[0])
