"""`compile` and `fit`."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.trainers.prepare import prepare


def train(
    model: keras.Model,
    data: Batches | StreamBatches,
    config: RunConfig,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> keras.callbacks.History:
    """Trains a model with `compile` and `fit`.

    Args:
        model: Model to train. If it is compiled already, it keeps its optimizer, loss and metrics.
        data: Batches for training, and for validation after each epoch.
        config: Gives `epochs`, `steps_per_execution`, `jit_compile` and `learning_rate`.
        callbacks: Keras callbacks.
        verbose: Progress: 0 none, 1 or "auto" a bar, 2 a line an epoch.

    Returns:
        The history, such as `loss`, `accuracy`, `val_loss`, `val_accuracy`: one figure an epoch.
    """
    prepare(model, data, config)  # compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: data.set_epoch(epoch))
    return model.fit(
        data.train,
        epochs=config.epochs,
        shuffle=False,  # the order is set_epoch's
        validation_data=data.test,
        callbacks=[order, *callbacks],
        verbose=verbose,
    )
