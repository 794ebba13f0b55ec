"""What every trainer does first: compiles the model, and builds all that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.errors import InputError
from vgg_keras.plugins import user_traceback
from vgg_keras.runtime import compat


@contextmanager
def refusing_unusable(batch: Any) -> Iterator[None]:
    """Says of a user's model that cannot be built inside a `with` what it should be.

    Args:
        batch: Specifications (`tf.TensorSpec`) of the batches that it gets.

    Raises:
        InputError: If Keras cannot train the model, as it is compiled, with such batches.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, InputError) or user_traceback(error):
            raise
        reason = re.sub(r"(\x1b\[\d*m|\s)+", " ", str(error))
        raise InputError(
            f"--model: expected a model for batches of {batch} (compile takes optimizer, loss, "
            f"loss_weights, metrics in this order), received one with which Keras says: {reason}"
        ) from error


def prepare(model: keras.Model, data: Batches | StreamBatches, config: RunConfig) -> None:
    """Compiles a model as the notebook does unless its user has, and builds what is not built.

    A compiled model keeps its optimizer, loss and metrics, and its `jit_compile` unless the
    configuration asks for XLA.

    Args:
        model: Model to train.
        data: Batches that it will get.
        config: Gives `steps_per_execution`, `jit_compile` and `learning_rate`.
    """
    if not model.compiled:
        model.compile(
            keras.optimizers.Adam(config.learning_rate or 0.001),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=config.steps_per_execution,
            jit_compile=config.jit_compile,
        )
    model.jit_compile = model.jit_compile or config.jit_compile
    compat.build_all(model, data.train.element_spec)
    if not model.optimizer.built:  # in the graph of the step it would take longer
        model.optimizer.build(model.trainable_variables)
    model.stop_training = False
