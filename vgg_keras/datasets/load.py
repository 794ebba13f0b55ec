"""Finds a data set by name or path."""

from __future__ import annotations

import os
from pathlib import Path

import tensorflow as tf

from vgg_keras.datasets import folder, keras_datasets, npz
from vgg_keras.datasets.arrays import Arrays
from vgg_keras.errors import InputError

MNIST = Path(__file__).with_name("mnist.npz")


def load_dataset(name: str = "mnist", limit: int | None = None) -> Arrays:
    """Loads a data set.

    Args:
        name: `mnist` (in the package), `fashion_mnist`, `cifar10`, `cifar100` (downloaded by
            Keras), the path of an `.npz` file with `x_train`, `y_train`, `x_test` and `y_test`,
            or of a folder with one folder of images a class.
        limit: use only the first training images, and the same share of the test images.

    Returns:
        Images as uint8 of shape `(images, height, width, channels)`, labels of shape `(images,)`.

    Raises:
        InputError: if there is no such data set, or its arrays cannot be used.
    """
    if name == "mnist":
        arrays = npz.load(MNIST)
    elif name in keras_datasets.FILES:
        arrays = keras_datasets.load(name)
    elif os.path.isdir(name):
        arrays = folder.load(Path(name))
    elif os.path.isfile(name):
        arrays = npz.load(Path(name))
    else:
        known = ", ".join(["mnist", *keras_datasets.FILES])
        raise InputError(
            f"--dataset: expected {known}, an .npz file or a folder of class folders, "
            f"received {name}, which is none of them"
        )
    x_train, y_train, x_test, y_test = arrays
    if x_train.ndim == x_test.ndim == 3:
        x_train, x_test = x_train[..., tf.newaxis], x_test[..., tf.newaxis]
    return Arrays.checked(x_train, y_train, x_test, y_test).first(limit)
