"""The data sets that Keras downloads."""

from __future__ import annotations

import os

import keras
import numpy as np

from vgg_keras.errors import InputError

FILES = {
    "fashion_mnist": "the four .gz files of Fashion-MNIST into datasets/fashion-mnist",
    "cifar10": "cifar-10-python.tar.gz as datasets/cifar-10-batches-py-target_archive",
    "cifar100": "cifar-100-python.tar.gz as datasets/cifar-100-python-target_archive",
}
"""What Keras would download, and where under its own folder it looks first."""


def load(name: str) -> tuple[np.ndarray, ...]:
    """Loads a data set of `keras.datasets`, from Keras's folder or from its server.

    Args:
        name: Key of `FILES`.

    Returns:
        Training images, training labels, test images, test labels; labels of shape `(images,)`.

    Raises:
        InputError: If it is not in Keras's folder and cannot be downloaded.
    """
    try:
        (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # keras.utils.get_file raises a bare Exception
        home = os.environ.get("KERAS_HOME", "~/.keras")
        raise InputError(
            f"--dataset {name}: expected a network to download it, received '{error}'; "
            f"without one, put {FILES[name]} under {home}"
        ) from error
    return x_train, y_train.ravel(), x_test, y_test.ravel()
