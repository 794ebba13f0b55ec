"""Finds a data set by name, path or reference."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vgg_keras import plugins
from vgg_keras.datasets import folder, keras_datasets, npz
from vgg_keras.datasets.arrays import Arrays
from vgg_keras.datasets.given import Data, as_data
from vgg_keras.errors import InputError, require
from vgg_keras.runtime.settings import standard_settings

NAMES = ("mnist", *keras_datasets.FILES)
IN_MEMORY = "(in memory)"
"""The name of data that were handed in from Python."""

MNIST = Path(__file__).with_name("mnist.npz")


@standard_settings()
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


def load_data(
    name: str,
    image_size: Sequence[int] | None = None,
    sources: Mapping[str, Any] | None = None,
) -> Data:
    """Loads a data set of any kind.

    Args:
        name: Name, path or reference, as `--dataset` takes it.
        image_size: Height and width that the images of a folder are resized to; default those of
            the first one.
        sources: As in `plugins.load`.

    Raises:
        InputError: If there is no such data set, or its arrays cannot be used.
    """
    name = os.path.expanduser(name)
    expected = "the data that the run was given from Python"
    require(name != IN_MEMORY, "--dataset", expected, "none; pass data=")
    if name not in NAMES and os.path.isdir(name):
        arrays, class_names = folder.load(Path(name), image_size)
        return Arrays.checked(*arrays, class_names=class_names)
    require(image_size is None, "--image-size", "none but for a folder of images", image_size)
    if name == "mnist":
        return Arrays.checked(*npz.load(MNIST))
    if name in keras_datasets.FILES:
        return Arrays.checked(*keras_datasets.load(name))
    if plugins.is_reference(name):
        return as_data(plugins.load(name, "--dataset", sources)(), f"--dataset {name}")
    if os.path.isfile(name):
        return Arrays.of(*npz.load(Path(name)))
    raise InputError(
        f"--dataset: expected {', '.join(NAMES)}, an .npz file, a folder of class folders or "
        f"FILE.py:name, received {name}, which is none of them"
    )
