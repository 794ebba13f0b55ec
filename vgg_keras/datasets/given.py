"""Data that the user hands in: arrays, data sets, or a function that makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from vgg_keras.datasets.arrays import Arrays
from vgg_keras.datasets.streams import Streams
from vgg_keras.errors import InputError

Data = Arrays | Streams

EXPECTED = (
    "(x_train, y_train, x_test, y_test), ((x_train, y_train), (x_test, y_test)), or a pair of "
    "finite tf.data.Datasets (train, test)"
)


def as_data(value: Any, option: str = "data") -> Data:
    """Takes data in any of the forms in which people have it at hand.

    Args:
        value: Four arrays, two pairs of arrays as `keras.datasets` gives them, two
            `tf.data.Dataset`s of batches, or what `load_dataset` returns.
        option: Where it comes from, for the message of an error.

    Raises:
        InputError: If it is something else, or cannot be used.
    """
    if isinstance(value, (Arrays, Streams)):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = tuple(value)
        if len(parts) == 2 and all(isinstance(part, tf.data.Dataset) for part in parts):
            return Streams.checked(*parts)
        if len(parts) == 2 and all(isinstance(p, Sequence) and len(p) == 2 for p in parts):
            parts = (*parts[0], *parts[1])
        if len(parts) == 4:
            return Arrays.of(*parts)
    raise InputError(f"{option}: expected {EXPECTED}, received a {type(value).__name__}")
