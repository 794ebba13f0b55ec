"""Uses models that were trained and saved."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgg_keras.datasets import Arrays, Batches
from vgg_keras.datasets.images import MODES, read_image
from vgg_keras.errors import InputError, require
from vgg_keras.models.keras_file import check_keras_file
from vgg_keras.models.vgg import VGG
from vgg_keras.runs.archives import UNREADABLE
from vgg_keras.training import evaluation


def find_models(path: Path) -> list[Path]:
    """Finds saved models.

    Args:
        path: a `.keras` file, or a directory that holds some at any depth.

    Returns:
        The files, sorted, without those of trainings that were only to check another one.

    Raises:
        InputError: if there is none.
    """
    files = sorted(path.rglob("*.keras")) if path.is_dir() else [path]
    files = [file for file in files if file.parent.name != "self-check"] or files
    if not files or not files[0].is_file():
        raise InputError(f"expected a .keras file or a run directory with one, received {path}")
    return files


def load_model(path: Path) -> VGG:
    """Loads a saved VGG, in Keras's safe mode and without its optimizer.

    Raises:
        InputError: if the file holds anything else, or cannot be read.
    """
    try:
        check_keras_file(path)
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except UNREADABLE as error:
        reason = textwrap.shorten(str(error), 200) or type(error).__name__
        raise InputError(f"{path}: expected a saved model, received {reason}") from error


def evaluate(model: VGG, arrays: Arrays, batch_size: int) -> dict[str, Any]:
    """Evaluates a saved model on test images.

    Args:
        model: with weights.
        arrays: its test images are used.
        batch_size: images a step.

    Returns:
        `loss`, `accuracy` in [0, 1], `correct` and `total` images.

    Raises:
        InputError: if the model was made for images or classes of another kind.
    """
    expected, received = (*model.image_shape, model.classes), (*arrays.image_shape, arrays.classes)
    if expected != received:
        raise InputError(
            f"--dataset: expected height, width, channels and classes {expected}, as the model "
            f"was trained for, received {received}"
        )
    return evaluation.evaluate(model, Batches(arrays, batch_size)).figures


def predict(model: VGG, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Classifies image files.

    Images get the size and the channels that the model was trained for. They should look like the
    training images: MNIST's digits are white on black.

    Args:
        model: with weights.
        paths: of the images: BMP, GIF, JPEG or PNG.

    Returns:
        For each image `class` and `probability`, the latter in [0, 1].

    Raises:
        InputError: if a file is no image, or the model is not for gray or RGB images.
    """
    height, width, channels = model.image_shape
    require(channels in MODES, "path", "a model for 1 or 3 channels", channels)
    pixels = [read_image(path, height, width, channels) for path in paths]
    probabilities = model.predict(np.stack(pixels), verbose=0)
    best = probabilities.argmax(axis=-1)
    return [
        {"class": int(label), "probability": float(row[label])}
        for label, row in zip(best, probabilities, strict=True)
    ]
