"""`fit` with `train_step` and `test_step` of one's own, the third way that Keras teaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.runtime import compat
from vgg_keras.trainers import fit, tape
from vgg_keras.trainers.prepare import prepare


def train(
    model: keras.Model,
    data: Batches | StreamBatches,
    config: RunConfig,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> keras.callbacks.History:
    """Trains a model with `fit`, which calls the steps of `tape`; takes what `fit.train` does.

    In a class of one's own these are the methods `train_step(self, data)` and
    `test_step(self, data)`. Here the model gets them for the time of the training.
    """
    prepare(model, data, config)
    steps = tape.make_steps(model)

    def train_step(batch: Any) -> dict[str, Any]:
        return steps.train_step(*keras.utils.unpack_x_y_sample_weight(batch))

    def test_step(batch: Any) -> dict[str, Any]:
        return steps.test_step(*keras.utils.unpack_x_y_sample_weight(batch))

    compat.forget_functions(model)
    model.train_step, model.test_step = train_step, test_step
    try:
        return fit.train(model, data, config, callbacks, verbose)
    finally:
        del model.train_step, model.test_step
        compat.forget_functions(model)
