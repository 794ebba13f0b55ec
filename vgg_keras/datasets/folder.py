"""A folder with one folder of images a class."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.datasets.images import open_image
from vgg_keras.errors import InputError

TEST_SHARE = 0.2
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png"}


def load(path: Path) -> tuple[np.ndarray, ...]:
    """Loads images whose label is the name of their folder, in alphabetical order.

    Folders `train` and `test` are used as they are; otherwise a fifth of the images, drawn at
    random with a fixed seed, is the test set. All images get the size of the first one, and are
    gray if the first one is.

    Args:
        path: Folder that holds the class folders, or `train` and `test` that hold them.

    Returns:
        Training images, training labels, test images, test labels; images are uint8 of shape
        `(images, height, width, channels)`, in a random order with a fixed seed.

    Raises:
        InputError: If there are fewer than two classes, too few images, or one that is none.
    """
    split = (path / "train").is_dir() and (path / "test").is_dir()
    root = path / "train" if split else path
    folders = [entry for entry in sorted(root.iterdir()) if entry.is_dir()]
    classes = [folder.name for folder in folders if not folder.name.startswith(".")]
    files = _images(root, classes)
    if len(classes) < 2 or len(files) < 2:
        raise InputError(
            f"{root}: expected a folder of images for each of at least two classes, "
            f"received {len(classes)} folders and {len(files)} images"
        )
    for file in files + (_images(path / "test", classes) if split else []):
        open_image(file).close()
    with open_image(files[0]) as image:
        size, gray = (image.height, image.width), image.mode in ("1", "L", "I", "I;16")

    options = {
        "class_names": classes,
        "color_mode": "grayscale" if gray else "rgb",
        "image_size": size,
        "batch_size": None,
        "seed": 0,
        "verbose": False,
    }
    read = keras.utils.image_dataset_from_directory
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Keras prints counts, verbose or not
            if split:
                train, test = read(path / "train", **options), read(path / "test", **options)
            else:
                train, test = read(path, validation_split=TEST_SHARE, subset="both", **options)
        return *_arrays(train), *_arrays(test)
    except (ValueError, OSError, tf.errors.OpError) as error:
        raise InputError(f"{path}: expected class folders of images, received {error}") from error


def _images(root: Path, classes: list[str]) -> list[Path]:
    files = (file for name in classes for file in (root / name).rglob("*"))
    return sorted(file for file in files if file.suffix.lower() in SUFFIXES)


def _arrays(images: tf.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    rounded = images.map(lambda image, label: (tf.cast(tf.round(image), tf.uint8), label))
    pixels, labels = zip(*rounded.as_numpy_iterator(), strict=True)
    return np.stack(pixels), np.array(labels)
