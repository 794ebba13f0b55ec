"""What the machine can do: products of matrices with as many operations as training has."""

from __future__ import annotations

import time

import tensorflow as tf

from vgg_keras.benchmarking.alternation import Timings

SIDE = 1024


class Product:
    """Products of matrices with as many operations as a training step: what the machine can do.

    Args:
        operations: Floating-point operations of a step.
        precision: Arithmetic: float32, bfloat16 or float16.
        calls: Steps' worth in a block.

    Attributes:
        timings: Times of the blocks.
    """

    def __init__(self, operations: float, precision: str, calls: int):
        self.timings = Timings()
        self._steps_a_product = 2 * SIDE**3 / operations
        self._products = max(1, round(calls / self._steps_a_product))
        self._matrix = tf.random.stateless_normal((SIDE, SIDE), (0, 0), dtype=precision)

    def run_block(self) -> None:
        """Multiplies."""
        tf.linalg.matmul(self._matrix, self._matrix)
        began = time.perf_counter()
        for _ in range(self._products):
            product = tf.linalg.matmul(self._matrix, self._matrix)
        product.numpy()
        seconds = (time.perf_counter() - began) / self._products
        self.timings.call_seconds.append(seconds / self._steps_a_product)

    def finish(self) -> None:
        """Does nothing: there is nothing to end."""
