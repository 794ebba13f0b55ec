"""`compile` and `fit`."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches


def train(
    model: keras.Model,
    data: Batches,
    config: RunConfig,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> keras.callbacks.History:
    """Trains a model with `compile` and `fit`.

    Args:
        model: built; if it is compiled already, it keeps its optimizer, loss and metrics.
        data: batches for training, and for validation after each epoch.
        config: gives `epochs`, `steps_per_execution` and `jit_compile`.
        callbacks: any Keras callbacks.
        verbose: of the progress: 0 none, 1 or "auto" a bar, 2 a line an epoch.

    Returns:
        The history: `loss`, `accuracy`, `val_loss`, `val_accuracy`, one figure an epoch.
    """
    if not model.compiled:
        model.compile(
            "adam",
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=config.steps_per_execution,
            jit_compile=config.jit_compile,
        )
        model.optimizer.build(model.trainable_variables)  # in the graph it would take longer
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: data.set_epoch(epoch))
    return model.fit(
        data.train,
        epochs=config.epochs,
        shuffle=False,  # the order is set_epoch's
        validation_data=data.test,
        callbacks=[order, *callbacks],
        verbose=verbose,
    )
