"""What the machine can do: products of matrices with as many operations as training has."""

from __future__ import annotations

import time

import numpy as np
import tensorflow as tf

from vgg_keras.benchmarking.turns import Turns
from vgg_keras.models.vgg import VGG

SIDE = 1024


class Product:
    """Products of matrices with as many operations as a training step: what the machine can do.

    Args:
        operations: floating-point operations of a step.
        precision: float32, bfloat16 or float16.
        calls: steps' worth in a turn.

    Attributes:
        turns: what they took.
    """

    def __init__(self, operations: float, precision: str, calls: int):
        self.turns = Turns()
        self._steps_a_product = 2 * SIDE**3 / operations
        self._products = max(1, round(calls / self._steps_a_product))
        self._matrix = tf.random.stateless_normal((SIDE, SIDE), (0, 0), dtype=precision)

    def play(self) -> None:
        """Multiplies."""
        tf.linalg.matmul(self._matrix, self._matrix)
        began = time.perf_counter()
        for _ in range(self._products):
            product = tf.linalg.matmul(self._matrix, self._matrix)
        product.numpy()
        seconds = (time.perf_counter() - began) / self._products
        self.turns.call_seconds.append(seconds / self._steps_a_product)

    def leave(self) -> None:
        """Does nothing: there is nothing to end."""


def flops(model: VGG, image_shape: tuple[int, ...]) -> float:
    """Floating-point operations of a training step for one image.

    Counts the convolutions and the dense layers: two operations a weight and position, forward; as
    many for the gradient of the weights, and for that of the inputs but in the first layer. For the
    small VGG 112 million.
    """
    shape, forward = (1, *image_shape), []
    for layer in model.stack:
        shape = layer.compute_output_shape(shape)
        if hasattr(layer, "kernel"):
            forward.append(2.0 * np.prod(layer.kernel.shape) * np.prod(shape[1:-1]))
    return 3 * sum(forward) - forward[0]
