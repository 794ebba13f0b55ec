"""Tests a model: the figures of `Model.evaluate`, and what it says of every image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy import stats

from vgg_keras.datasets import Batches


@dataclass(frozen=True)
class Evaluation:
    """What a model says of the test images.

    Attributes:
        loss: mean over the images, as in `Model.evaluate`.
        accuracy: from 0 to 1.
        labels: integers of shape `(images,)`.
        probabilities: float32 of shape `(images, classes)`.
    """

    loss: float
    accuracy: float
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each image: integers of shape `(images,)`."""
        return self.probabilities.argmax(axis=1)

    @property
    def wrong(self) -> np.ndarray:
        """Indices of the images that it gets wrong, ascending."""
        return np.nonzero(self.predicted != self.labels)[0]

    @property
    def figures(self) -> dict[str, Any]:
        """`loss`, `accuracy`, and the `correct` of the `total` images."""
        total = len(self.labels)
        correct = total - len(self.wrong)
        return {"loss": self.loss, "accuracy": self.accuracy, "correct": correct, "total": total}

    def mistakes(self, most: int) -> np.ndarray:
        """Indices of wrong images, the one with the most probable wrong class first.

        Args:
            most: how many at most.
        """
        surest = np.argsort(-self.probabilities[self.wrong].max(axis=1), kind="stable")
        return self.wrong[surest[:most]]


def evaluate(model: keras.Model, data: Batches) -> Evaluation:
    """Tests a model once on every test image.

    Args:
        model: built; it need not be compiled.
        data: gives the test batches.
    """
    loss_function = keras.losses.SparseCategoricalCrossentropy()
    loss, accuracy = keras.metrics.Mean(), keras.metrics.SparseCategoricalAccuracy()

    @tf.function(input_signature=data.test.element_spec)
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        predictions = model(images, training=False)
        losses = [loss_function(labels, predictions), *map(tf.reduce_sum, model.losses)]
        loss.update_state(tf.reduce_sum(losses), sample_weight=tf.shape(images)[0])
        accuracy.update_state(labels, predictions)
        return predictions

    batches = [(labels.numpy(), step(images, labels).numpy()) for images, labels in data.test]
    labels, probabilities = map(np.concatenate, zip(*batches, strict=True))
    return Evaluation(float(loss.result()), float(accuracy.result()), labels, probabilities)


def accuracy_interval(correct: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of an accuracy: what another draw of as many images may change.

    Args:
        correct: images.
        total: images.

    Returns:
        Lowest and highest accuracy, from 0 to 1.
    """
    low, high = stats.binomtest(correct, total).proportion_ci(method="wilson")
    return float(low), float(high)
