"""What every trainer does first: compiles the model, and builds all that belongs to it."""

from __future__ import annotations

import keras

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.runtime import compat


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
