"""The same training as `fit`, written out with `tf.GradientTape`; `loop.py` runs the steps."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from vgg_keras.runtime import compat
from vgg_keras.trainers import loop
from vgg_keras.trainers.contract import Steps


def make_steps(model: keras.Model) -> Steps:
    """Makes the training step and the test step of a compiled model.

    `compile` has made the loss, the optimizer and the metrics. The loss adds what layers add
    (`model.losses`). Keras has one set of metrics for training and testing, and resets it in
    between.

    Args:
        model: Compiled model.
    """
    call, loss_object, optimizer = compat.call_of(model), compat.loss_of(model), model.optimizer
    train_loss = test_loss = model.metrics[0]
    train_accuracy = test_accuracy = model.compute_metrics
    replicas = model.distribute_strategy.num_replicas_in_sync  # each has its share of the loss

    def train_step(x: Any, y: Any, sample_weight: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            predictions = call(x, training=True)
            loss = loss_object(x, y, predictions, sample_weight, training=True)
            scaled_loss = optimizer.scale_loss(loss)  # in float16; otherwise the loss itself
        gradients = tape.gradient(scaled_loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        train_loss.update_state(loss * replicas, sample_weight=examples(x))
        return train_accuracy(x, y, predictions, sample_weight)

    def test_step(x: Any, y: Any, sample_weight: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        predictions = call(x, training=False)
        loss = loss_object(x, y, predictions, sample_weight, training=False)
        test_loss.update_state(loss * replicas, sample_weight=examples(x))
        return test_accuracy(x, y, predictions, sample_weight)

    return Steps(train_step, test_step, model.metrics)


def examples(x: Any) -> tf.Tensor:
    """The number of examples in a batch, by which `fit` weighs its loss."""
    return tf.shape(keras.tree.flatten(x)[0])[0]


train = partial(loop.train, make_steps)
"""Trains a model with a `tf.GradientTape` loop; takes and returns what `fit.train` does."""
