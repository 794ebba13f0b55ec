"""Data sets of the user's own making: `tf.data.Dataset`s, which are never held in memory whole."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.datasets.arrays import warn_of_lost_classes
from vgg_keras.datasets.batches import weights_of_classes
from vgg_keras.errors import InputError, require

CHECKED_BATCHES = 8
"""How many batches are read twice, to see whether the order is the same each time."""


@dataclass(frozen=True)
class Streams:
    """A pair of finite data sets of batches, in an order of their own.

    Attributes:
        train: Training batches: inputs and targets, or inputs, targets and weights.
        test: Test batches, likewise.
    """

    train: tf.data.Dataset
    test: tf.data.Dataset

    @classmethod
    def checked(cls, train: tf.data.Dataset, test: tf.data.Dataset) -> Streams:
        """Checks data sets from outside.

        Raises:
            InputError: If one is infinite, has no batches of two or three parts, or gives other
                batches each time that it is iterated: then no two trainings would see the same.
        """
        return cls(_checked("train", train), _checked("test", test))

    @cached_property
    def classes(self) -> int | None:
        """Number of classes, by one pass over the labels; None if the targets are no labels."""
        spec = self.train.element_spec[1]
        if not isinstance(spec, tf.TensorSpec) or not spec.dtype.is_integer or spec.shape.rank != 1:
            return None
        return max(self._labels) + 1

    @cached_property
    def _labels(self) -> set[int]:
        return set().union(*(batch[1].tolist() for batch in self.train.as_numpy_iterator()))

    class_names = None

    def digest(self) -> str:
        """sha256 of the kinds of the data, their numbers, and the first batches of both."""
        digest = hashlib.sha256()
        for part in (self.train, self.test):
            digest.update(f"{part.element_spec} {len(part)}".encode())
            for batch in part.take(CHECKED_BATCHES).as_numpy_iterator():
                for leaf in keras.tree.flatten(batch):
                    digest.update(np.ascontiguousarray(leaf).view(np.uint8).data)
        return digest.hexdigest()

    @cached_property
    def train_count(self) -> int:
        """Number of training examples."""
        return (len(self.train) - 1) * _batch_size(self.train) + _last_size(self.train)

    @cached_property
    def test_count(self) -> int:
        """Number of test examples."""
        return (len(self.test) - 1) * _batch_size(self.test) + _last_size(self.test)

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """Height, width and channels of an image; None if the inputs are no images."""
        spec = self.train.element_spec[0]
        single = isinstance(spec, tf.TensorSpec) and spec.shape.rank == 4
        return tuple(spec.shape[1:]) if single else None

    def first(self, limit: int | None) -> Streams:
        """The first training batches, and the same share of the test batches.

        Args:
            limit: Number of training examples, at least 1, rounded up to whole batches; None or too
                high a number for all.

        Returns:
            The shortened data sets. Classes that this leaves without a training example are named
            on standard error.
        """
        size, steps = _batch_size(self.train), len(self.train)
        if limit is None or limit >= size * steps:
            return self
        taken = math.ceil(limit / size)
        tests = max(1, round(taken * len(self.test) / steps))
        limited = replace(self, train=self.train.take(taken), test=self.test.take(tests))
        if self.classes:
            warn_of_lost_classes(sorted(self._labels - limited._labels), None, taken * size)
        return limited

    def as_images(self) -> Streams:
        """The same data, checked to be images and labels.

        Raises:
            InputError: If they are something else.
        """
        expected = "batches of images, shape (batch, height, width, channels), and of whole labels"
        images = self.image_shape is not None and self.classes is not None
        require(images, "--dataset", expected, self.train.element_spec)
        return self

    def batches(
        self, batch_size: int, seed: int = 0, class_weight: dict[int, float] | None = None
    ) -> StreamBatches:
        """The batches of a training; their size and order are those of the data sets."""
        return StreamBatches(self, class_weight)

    def sample(self, count: int, part: str = "test") -> tuple[Any, Any]:
        """The first examples of a part, as a model gets them, from as few batches as possible."""
        data = getattr(self, part)
        taken = data.take(math.ceil(count / _batch_size(data))).as_numpy_iterator()
        x, y = zip(*(batch[:2] for batch in taken), strict=True)
        return tuple(
            keras.tree.map_structure(lambda *leaves: np.concatenate(leaves)[:count], *batches)
            for batches in (x, y)
        )

    def tested_on(self, other: Any) -> Streams:
        """The same training data with the test data of others."""
        assert isinstance(other, Streams)
        return replace(self, test=other.test)

    def hold_out(self, share: float) -> tuple[Streams, np.ndarray]:
        """Replaces the test batches by a share of the training batches: every n-th one.

        Returns:
            The data, and the indices of the batches that are held out.
        """
        every = max(2, round(1 / share))
        held = np.arange(every - 1, len(self.train), every)
        if not len(held):
            raise InputError(
                f"--validation-split: expected a share of {len(self.train)} batches that leaves "
                f"some on both sides, received {share}"
            )

        def where(chosen: bool, count: int) -> tf.data.Dataset:
            numbered = self.train.enumerate()
            kept = numbered.filter(lambda i, batch: (i % every == every - 1) == chosen)
            counted = tf.data.experimental.assert_cardinality(count)
            return kept.map(lambda i, batch: batch).apply(counted)

        rest = len(self.train) - len(held)
        return Streams(where(False, rest), where(True, len(held))), held


class StreamBatches:
    """The batches of data sets that the user has made. Attributes are those of `Batches`."""

    def __init__(self, streams: Streams, class_weight: Mapping[int, float] | None = None):
        self.train, self.test = streams.train, streams.test
        self.batch_size = _batch_size(self.train)
        self.steps, self.test_steps = len(self.train), len(self.test)
        self.train_count, self.test_count = streams.train_count, streams.test_count
        if class_weight:
            weights = tf.constant(weights_of_classes(class_weight, streams.classes or 0))
            self.train = self.train.map(lambda x, y, *_: (x, y, tf.gather(weights, y)))

    def set_epoch(self, epoch: int) -> None:
        """Does nothing: the order is the same in each epoch."""


def _checked(name: str, data: tf.data.Dataset) -> tf.data.Dataset:
    cardinality = data.cardinality().numpy()
    finite = cardinality != tf.data.INFINITE_CARDINALITY
    require(bool(finite), name, "a finite tf.data.Dataset", "an infinite one; use take()")
    spec = data.element_spec
    pairs = isinstance(spec, tuple) and len(spec) in (2, 3)
    require(pairs, name, "batches (x, y) or (x, y, sample_weight)", spec)
    batched = all(leaf.shape.rank != 0 for leaf in keras.tree.flatten(spec))
    require(batched, name, "a data set of batches", "one of examples; use batch()")
    if cardinality == tf.data.UNKNOWN_CARDINALITY:
        count = int(data.reduce(0, lambda count, _: count + 1).numpy())
        data = data.apply(tf.data.experimental.assert_cardinality(count))
    require(len(data) > 0, name, "at least one batch", "none")
    first, second = (itertools.islice(data.as_numpy_iterator(), CHECKED_BATCHES) for _ in range(2))
    for one, two in zip(first, second, strict=True):
        leaves = zip(keras.tree.flatten(one), keras.tree.flatten(two), strict=True)
        same = all(a.tobytes() == b.tobytes() for a, b in leaves)
        received = "one that gives others: no two trainings would see the same; use "
        received += "shuffle(..., reshuffle_each_iteration=False), or arrays, which are shuffled "
        received += "from --seed"
        require(same, name, "a data set that gives the same batches each time", received)
    return data


def _batch_size(data: tf.data.Dataset) -> int:
    static = keras.tree.flatten(data.element_spec)[0].shape[0]
    return static or len(keras.tree.flatten(next(data.as_numpy_iterator()))[0])


def _last_size(data: tf.data.Dataset) -> int:
    last = data.skip(len(data) - 1).as_numpy_iterator()
    return len(keras.tree.flatten(next(last))[0])
