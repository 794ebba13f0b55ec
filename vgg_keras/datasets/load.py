"""Finds a data set by name, path or reference."""

from __future__ import annotations

import os
from pathlib import Path

from vgg_keras import plugins
from vgg_keras.datasets import folder, keras_datasets, npz
from vgg_keras.datasets.arrays import Arrays
from vgg_keras.datasets.given import Data, as_data
from vgg_keras.errors import InputError

MNIST = Path(__file__).with_name("mnist.npz")


def load_dataset(name: str | os.PathLike[str] = "mnist", limit: int | None = None) -> Arrays:
    """Loads a data set of images.

    Example:
    ```python
    (x_train, y_train), (x_test, y_test) = vgg_keras.load_dataset()
    ```

    Args:
        name: `mnist` (in the package), `fashion_mnist`, `cifar10`, `cifar100` (downloaded by
            Keras), the path of an `.npz` file with `x_train`, `y_train`, `x_test` and `y_test`,
            or of a folder with one folder of images a class.
        limit: Use only the first training images, and the same share of the test images.

    Returns:
        Images of shape `(images, height, width, channels)`, uint8 or float32 from 0 to 1; labels of
        shape `(images,)`.

    Raises:
        InputError: If there is no such data set, or its arrays cannot be used.
    """
    return load_data(os.fspath(name)).as_images().first(limit)  # type: ignore[return-value]


def load_data(name: str) -> Data:
    """Loads a data set of any kind.

    Args:
        name: Name, path or reference, as `--dataset` takes it.

    Raises:
        InputError: If there is no such data set, or its arrays cannot be used.
    """
    if name == "mnist":
        return Arrays.checked(*npz.load(MNIST))
    if name in keras_datasets.FILES:
        return Arrays.checked(*keras_datasets.load(name))
    if plugins.is_reference(name):
        return as_data(plugins.load(name, "--dataset")(), f"--dataset {name}")
    if os.path.isdir(name):
        return Arrays.checked(*folder.load(Path(name)))
    if os.path.isfile(name):
        return Arrays.of(*npz.load(Path(name)))
    known = ", ".join(["mnist", *keras_datasets.FILES])
    raise InputError(
        f"--dataset: expected {known}, an .npz file, a folder of class folders or FILE.py:name, "
        f"received {name}, which is none of them"
    )
