"""The batches that a training goes through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from vgg_keras.datasets.arrays import Arrays


class Batches:
    """The batches of a data set in memory.

    The order of epoch `e` is a pure function of (seed, e): a full permutation that does not
    depend on how often the data set was iterated before. `fit` asks for one iterator more than
    it uses after each epoch, which would put `Dataset.shuffle` out of step with any other loop.

    Args:
        arrays: Data set.
        batch_size: Examples a batch, at least 1; the last batch of an epoch may be smaller.
        seed: Seed of the order of the training examples.
        class_weight: Weight of each class in the training loss; a class left out has weight 1.

    Attributes:
        train: Training batches in the order of the current epoch: inputs (images as float32 in
            [0, 1]), targets, and with `class_weight` a float32 weight an example.
        test: Test batches in the order of the arrays: inputs and targets.
        batch_size: Examples a batch.
        train_count: Number of training examples.
        test_count: Number of test examples.
        steps: Training batches an epoch.
        test_steps: Test batches.
    """

    def __init__(
        self,
        arrays: Arrays,
        batch_size: int,
        seed: int = 0,
        class_weight: Mapping[int, float] | None = None,
    ):
        self._epoch = tf.Variable(0, trainable=False, dtype=tf.int64)
        self.batch_size = batch_size
        self.train_count, self.test_count = arrays.train_count, arrays.test_count
        self.steps, self.test_steps = (
            -(-count // batch_size) for count in (self.train_count, self.test_count)
        )
        columns = [arrays.x_train, arrays.y_train]
        if class_weight:
            columns.append(weights_of_classes(class_weight, arrays.classes or 0)[arrays.y_train])

        def shuffled() -> tf.Tensor:
            order = tf.range(self.train_count)
            return tf.random.experimental.stateless_shuffle(order, seed=[seed, self._epoch])

        def in_file_order() -> tf.Tensor:
            return tf.range(self.test_count)

        tests = [arrays.x_test, arrays.y_test]
        self.train = _batches(columns, shuffled, self.steps, batch_size)
        self.test = _batches(tests, in_file_order, self.test_steps, batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of the training examples for an epoch, counted from 0."""
        self._epoch.assign(epoch)


def weights_of_classes(class_weight: Mapping[int, float], classes: int) -> np.ndarray:
    """The weight of every class: float32 of shape `(classes,)`."""
    weights = np.ones(classes, np.float32)
    weights[list(class_weight)] = list(class_weight.values())
    return weights


def as_input(values: Any) -> tf.Tensor:
    """Makes what a model gets of an array: of uint8, which are pixels, float32 from 0 to 1."""
    if values.dtype in (tf.uint8, np.uint8):
        return tf.cast(values, tf.float32) / 255
    return tf.cast(values, tf.float32) if values.dtype in (tf.float64, np.float64) else values


def _batches(
    columns: list[Any], order: Callable[[], tf.Tensor], steps: int, batch_size: int
) -> tf.data.Dataset:
    tensors = [keras.tree.map_structure(tf.convert_to_tensor, column) for column in columns]

    def batch(indices: tf.Tensor) -> tuple[Any, ...]:
        x, *rest = keras.tree.map_structure(lambda tensor: tf.gather(tensor, indices), tensors)
        return keras.tree.map_structure(as_input, x), *rest

    options = tf.data.Options()
    options.autotune.enabled = False  # its thread may keep an iterator from ending for a minute
    return (
        tf.data.Dataset.from_tensors(0)
        .flat_map(lambda _: tf.data.Dataset.from_tensor_slices(order()).batch(batch_size))
        .map(batch)
        .apply(tf.data.experimental.assert_cardinality(steps))
        .prefetch(2)
        .with_options(options)
    )
