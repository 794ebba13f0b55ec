"""Arrays as batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from vgg_keras.datasets.arrays import Arrays


class Batches:
    """The batches that a trainer goes through.

    The order of epoch `e` is a pure function of (seed, e): a full permutation that does not
    depend on how often the data set was iterated before. `fit` asks for one iterator more than
    it uses after each epoch, which would put `Dataset.shuffle` out of step with any other loop.

    Args:
        arrays: images and labels.
        batch_size: images a batch, at least 1; the last batch of an epoch may be smaller.
        seed: of the order of the training images.
        class_weight: weight of each class in the training loss; a class left out has weight 1.

    Attributes:
        train: training batches in the order of the current epoch: images, float32 of shape
            `(batch, height, width, channels)` in [0, 1]; labels of shape `(batch,)`; with
            `class_weight` also a float32 weight an image.
        test: test batches in the order of the arrays: images and labels.
        test_images: number of test images.
    """

    def __init__(
        self,
        arrays: Arrays,
        batch_size: int,
        seed: int = 0,
        class_weight: Mapping[int, float] | None = None,
    ):
        self._epoch = tf.Variable(0, trainable=False, dtype=tf.int64)
        images, self.test_images = len(arrays.x_train), len(arrays.x_test)
        columns = [arrays.x_train, arrays.y_train]
        if class_weight:
            weights = np.ones(arrays.classes, np.float32)
            weights[list(class_weight)] = list(class_weight.values())
            columns.append(weights[arrays.y_train])

        def shuffled() -> tf.Tensor:
            order = tf.range(images)
            return tf.random.experimental.stateless_shuffle(order, seed=[seed, self._epoch])

        def in_file_order() -> tf.Tensor:
            return tf.range(self.test_images)

        tests = [arrays.x_test, arrays.y_test]
        self.train = _batches(columns, shuffled, images, batch_size)
        self.test = _batches(tests, in_file_order, self.test_images, batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of the training images for an epoch, counted from 0."""
        self._epoch.assign(epoch)


def _batches(
    columns: list[np.ndarray], order: Callable[[], tf.Tensor], images: int, batch_size: int
) -> tf.data.Dataset:
    tensors = [tf.convert_to_tensor(column) for column in columns]

    def batch(indices: tf.Tensor) -> tuple[tf.Tensor, ...]:
        pixels, *rest = (tf.gather(tensor, indices) for tensor in tensors)
        return tf.cast(pixels, tf.float32) / 255, *rest

    steps = -(-images // batch_size)
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
