"""The data in their order, as batches and row by row, to recognise what reaches the model."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from vgg_keras.datasets import Arrays, Streams
from vgg_keras.datasets.batches import as_input
from vgg_keras.diagnosis.reference import Batch
from vgg_keras.errors import require
from vgg_keras.runs.archives import read_arrays

MOST_CLASSES = 100
"""Of so many classes the weights are not looked for."""


class Rows:
    """The rows of a data set of batches, in their order.

    Args:
        data: Batches `(x, y)` or `(x, y, weights)`.

    Attributes:
        batches: The batches.
        batch_size: Examples a batch.
        x: All inputs.
        y: All targets.
        is_column: Whether the targets are one number an example.
        classes: Number of classes, if the targets are labels of not too many; else None.
    """

    def __init__(self, data: tf.data.Dataset):
        parts = [Batch(*batch) for batch in data.as_numpy_iterator()]
        self.batches, self.batch_size = parts, parts[0].size
        self._starts = np.cumsum([0, *(batch.size for batch in parts)]).tolist()
        join = lambda *leaves: np.concatenate(leaves)  # noqa: E731
        columns = [
            None
            if part is None
            else tf.nest.map_structure(join, *(getattr(b, name) for b in parts))
            for name in ("x", "y", "weights")
            for part in [getattr(parts[0], name)]
        ]
        self.x, self.y, self._weights = columns
        self._index: dict[bytes, int] = {}
        rows = tf.nest.flatten(self.x)[0]
        self._first = [self._index.setdefault(row.tobytes(), i) for i, row in enumerate(rows)]
        targets = tf.nest.flatten(self.y)
        shape = targets[0].shape[1:]
        self.is_column = len(targets) == 1 and shape in ((), (1,))
        labels = self.is_column and np.array_equal(targets[0], np.rint(targets[0]))
        highest = int(targets[0].max()) if labels and targets[0].min() >= 0 else MOST_CLASSES
        self.classes = highest + 1 if highest < MOST_CLASSES else None
        self._targets = set(_keys(targets[0])) if len(targets) == 1 else set()

    def indices(self, step: int) -> list[int]:
        """The rows that `fit` gets in a step, counted from 0 over all epochs."""
        number = step % len(self.batches)
        return list(range(self._starts[number], self._starts[number + 1]))

    def batch_of(self, inputs: Any, step: int) -> tuple[Batch | None, list[int]]:
        """The examples that a model was called with, and their numbers; None if they are others.

        Args:
            inputs: What the model was called with.
            step: Step in which `fit` gets them, if it does: of equal rows those count.
        """
        first = tf.nest.flatten(inputs)[0]
        wanted = tf.nest.flatten(self.x)[0]
        if first.shape[1:] != wanted.shape[1:]:
            return None, []
        found = [self._index.get(row.astype(wanted.dtype).tobytes()) for row in first]
        if any(index is None for index in found):
            return None, []
        indices = [index for index in found if index is not None]
        for expected in (self.indices(step), self.indices(step + 1)):
            if indices == [self._first[index] for index in expected]:
                return self._take(expected), expected
        return self._take(indices), indices

    def are_random(self, batches: Sequence[list[int]]) -> bool:
        """Whether batches are drawn with replacement: in an epoch some share a part of their rows.

        Args:
            batches: The rows of each batch, in their order.
        """
        counts = Counter(self._first)
        known = [[row for row in batch if counts[row] == 1] for batch in batches]
        size = len(batches[0]) if batches else 0
        first = [batch for batch in known[: len(self._first) // max(size, 1)] if batch]
        in_order = all(b == list(range(b[0], b[0] + len(b))) for b in first)
        repeated = any(len({*batch}) < len(batch) for batch in first)
        pairs = itertools.combinations([{*batch} for batch in first], 2)
        return not in_order and (repeated or any(a & b and a != b for a, b in pairs))

    def count_of(self, inputs: Any) -> int:
        """How many examples that a model was called with are among these."""
        first, wanted = tf.nest.flatten(inputs)[0], tf.nest.flatten(self.x)[0]
        if first.shape[1:] != wanted.shape[1:]:
            return 0
        return sum(row.astype(wanted.dtype).tobytes() in self._index for row in first)

    def mislabelled(self, labels: Sequence[Any], batch: Batch) -> int | None:
        """How many examples have other labels; None if no labels of the data are known.

        Args:
            labels: What losses were called with.
            batch: The examples.
        """
        if len(labels) != 1 or not isinstance(batch.y, np.ndarray):
            return None
        theirs = labels[0]
        usable = isinstance(theirs, np.ndarray) and theirs.size == batch.y.size
        if not usable or theirs.shape[:1] != (batch.size,):
            return None
        if not self._targets.issuperset(_keys(theirs)):
            return None
        first, second = (y.reshape(batch.size, -1) for y in (batch.y, theirs))
        return int((~np.isclose(first, second)).any(axis=1).sum())

    def expected(self, step: int, inputs: Any) -> Batch | None:
        """The examples of a step with the inputs that a model was called with instead."""
        indices = self.indices(step)
        if len(tf.nest.flatten(inputs)[0]) != len(indices):
            return None
        batch = self._take(indices)
        return Batch(inputs, batch.y, batch.weights)

    def change(self, step: int, inputs: Any) -> str | None:
        """What makes inputs of those of a step, in words: factors, and numbers that are added."""
        first, indices = tf.nest.flatten(inputs)[0], self.indices(step)
        given = tf.nest.flatten(self.x)[0][indices]
        if first.size != given.size:
            return None
        slope, offset = np.polyfit(given.ravel().astype(np.float64), first.ravel(), 1)
        fitted = slope * given + offset
        if not np.allclose(fitted.ravel(), first.ravel(), atol=1e-4 * np.abs(first).max()):
            columns = given.reshape(len(given), -1), first.reshape(len(given), -1)
            return (
                "the features of the data set, each scaled and shifted"
                if _are_scaled(*columns)
                else None
            )
        more = f"{offset:.3g} more than " if abs(offset) > 1e-6 else ""
        return f"{more}{slope:.6g} times what the data set gives"

    def _take(self, indices: list[int]) -> Batch:
        parts = (
            None if part is None else tf.nest.map_structure(lambda leaf: leaf[indices], part)
            for part in (self.x, self.y, self._weights)
        )
        return Batch(*parts)


def weights_of(dataset: str) -> np.ndarray | None:
    """The weights of training examples, `sample_weight_train` in an .npz file, if there are any."""
    if not dataset.endswith(".npz"):
        return None
    return read_arrays(Path(dataset)).get("sample_weight_train")


def batches_of(
    data: Arrays | Streams, batch_size: int, weights: np.ndarray | None
) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    """Training and test batches in the order of the data, as a loop and `fit` get them.

    Raises:
        InputError: If there is not one weight an example.
    """
    if isinstance(data, Streams):
        return data.train, data.test
    train, test = [data.x_train, data.y_train], [data.x_test, data.y_test]
    if weights is not None:
        expected = f"at least {data.train_count}, one an example"
        enough = weights.ndim == 1 and len(weights) >= data.train_count
        require(enough, "sample_weight_train", expected, f"shape {weights.shape}")
        train.append(weights[: data.train_count].astype(np.float32))
    for part in (train, test):
        part[0] = tf.nest.map_structure(lambda leaf: np.asarray(as_input(leaf)), part[0])
    slices = tf.data.Dataset.from_tensor_slices
    return slices(tuple(train)).batch(batch_size), slices(tuple(test)).batch(batch_size)


def _are_scaled(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether each column is a multiple of what it was before, plus a number.

    Args:
        before: Rows of features, more than two.
        after: Likewise.
    """
    first, second = (part - part.mean(0, dtype=np.float64) for part in (before, after))
    slopes = (first * second).sum(0) / np.maximum((first**2).sum(0), 1e-30)
    return len(before) > 2 and np.allclose(
        slopes * first, second, rtol=0, atol=1e-4 * np.abs(second).max()
    )


def _keys(targets: np.ndarray) -> list[bytes]:
    return [row.astype(np.float32).tobytes() for row in targets]
