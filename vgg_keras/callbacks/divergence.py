"""Ends a training whose figures are not finite any more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras

from vgg_keras.datasets import Data
from vgg_keras.errors import InconclusiveError

SAMPLE = 100


class Divergence(keras.callbacks.Callback):
    """Ends a training when a loss is not finite, or after an epoch a weight.

    Weights are looked at too, because on some processors the ReLU of NaN is 0, which can leave the
    loss finite.

    Args:
        data: Its first examples are those that tell which layer it is.
    """

    def __init__(self, data: Data):
        super().__init__()
        self._data = data

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the loss, which is there to be read after each step."""
        loss = (logs or {})["loss"]
        if not math.isfinite(loss):
            self._end(f"a training loss of {loss} in step {batch + 1} of epoch {self._epoch + 1}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the test loss and at all weights."""
        loss = (logs or {})["val_loss"]
        if not math.isfinite(loss):
            self._end(f"a test loss of {loss} after epoch {epoch + 1}")
        for variable in self.model.trainable_variables:
            if not finite(variable):
                self._end(f"weights that are not after epoch {epoch + 1}")

    def _end(self, what: str) -> None:
        layer = first_layer_not_finite(self.model, self._data.sample(SAMPLE, "train")[0])
        raise InconclusiveError(
            f"training: expected finite figures, received {what}, first layer not finite: "
            f"{layer or 'none'}; try another --seed, --precision float32, or smaller weights of "
            "classes"
        )


def first_layer_not_finite(model: keras.Model, inputs: Any) -> str | None:
    """The first layer with weights, or of a VGG with outputs, that are not finite.

    Args:
        model: Model whose layers are looked at in the order of the forward pass.
        inputs: Inputs of the model, to look at outputs for.

    Returns:
        Its name, and which of both; None if there is no such layer.
    """
    sequence = getattr(model, "stack", None)
    outputs = inputs
    for layer in sequence or model.layers:
        if not all(map(finite, layer.weights)):
            return f"{layer.name} (weights)"
        if sequence:
            outputs = layer(outputs)
            if not finite(outputs):
                return f"{layer.name} (outputs)"
    return None


def finite(array: keras.KerasTensor) -> bool:
    """Whether all elements are finite."""
    return bool(keras.ops.all(keras.ops.isfinite(array)))
