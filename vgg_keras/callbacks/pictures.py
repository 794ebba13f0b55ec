"""Pictures for TensorBoard: uint8 arrays of shape `(height, width, channels)`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFont

from vgg_keras.reporting.confusion import MOST_CLASSES_WITH_NUMBERS

MATRIX, MARGIN, TEXT = 600, 60, 20
"""Pixels of a confusion matrix, of the margin for its labels, and of their type."""

TILE, CAPTION, LARGEST_TEXT = 150, 28, 16
"""Pixels of the width of an image in a grid, of the height of its caption, and of its type."""

FILTER_SCALE = 12


def confusion_picture(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Draws a confusion matrix, coloured by the share of each true class.

    Args:
        labels: True classes, integers of shape `(images,)`.
        probabilities: Floats, shape `(images, classes)`.
    """
    classes = probabilities.shape[1]
    matrix = tf.math.confusion_matrix(labels, probabilities.argmax(axis=1), classes).numpy()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    colours = matplotlib.colormaps["Blues"](shares, bytes=True)[..., :3]
    cell = max(MATRIX // classes, 1)
    cells = Image.fromarray(colours.repeat(cell, axis=0).repeat(cell, axis=1))
    picture = Image.new("RGB", (MARGIN + cells.width, cells.height + MARGIN), "white")
    picture.paste(cells, (MARGIN, 0))
    name = Image.new("RGB", (cells.height, TEXT + 8), "white")
    write(name, (cells.height / 2, 12), "True class")
    picture.paste(name.rotate(90, expand=True))
    write(picture, (MARGIN + cells.width / 2, cells.height + MARGIN - 14), "Predicted class")
    few = classes <= MOST_CLASSES_WITH_NUMBERS
    for number in range(0, classes, 1 if few else classes // 10):
        middle = max((number + 0.5) * cell, TEXT / 2)
        write(picture, (MARGIN - 16, middle), str(number))
        write(picture, (MARGIN + middle, cells.height + 14), str(number))
    for row, column in np.argwhere(matrix) if few else ():
        place = MARGIN + (column + 0.5) * cell, (row + 0.5) * cell
        colour = "white" if shares[row, column] > 0.5 else "black"
        write(picture, place, str(matrix[row, column]), colour)
    return np.asarray(picture)


def grid_picture(images: Sequence[np.ndarray], captions: Sequence[str]) -> np.ndarray:
    """Draws images in a square, each with its caption.

    Args:
        images: Images, uint8, each of shape `(height, width, channels)` with 1 or 3 channels.
        captions: One an image.
    """
    height, width = images[0].shape[:2]
    size = TILE - 4, min(math.ceil((TILE - 4) * height / width), 4 * TILE)
    tiles = []
    for pixels, caption in zip(images, captions, strict=True):
        coloured = np.broadcast_to(pixels.reshape(height, width, -1), (height, width, 3))
        image = Image.fromarray(coloured).resize(size, Image.Resampling.NEAREST)
        tile = Image.new("RGB", (TILE, CAPTION + size[1] + 4), "white")
        tile.paste(image, (2, CAPTION))
        fitting = int(LARGEST_TEXT * size[0] / font(LARGEST_TEXT).getlength(caption))
        write(tile, (TILE / 2, CAPTION / 2), caption, size=max(1, min(LARGEST_TEXT, fitting)))
        tiles.append(np.asarray(tile))
    return mosaic(np.stack(tiles))


def filters_picture(kernel: np.ndarray) -> np.ndarray:
    """Draws the filters of a convolution side by side, from the lowest weight to the highest.

    Args:
        kernel: Floats, shape `(height, width, channels, filters)`; of several channels, the mean.
    """
    filters = np.nan_to_num(kernel).mean(axis=2).transpose(2, 0, 1)
    low, high = filters.min(), filters.max()
    scaled = (255 * (filters - low) / max(high - low, 1e-12)).astype(np.uint8)
    large = np.kron(scaled, np.ones((1, FILTER_SCALE, FILTER_SCALE), np.uint8))
    return mosaic(np.pad(large, ((0, 0), (1, 1), (1, 1)))[..., np.newaxis])


def mosaic(tiles: np.ndarray) -> np.ndarray:
    """Lays tiles side by side, about as many columns as rows."""
    columns = math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    blank = np.full((rows * columns - len(tiles), *tiles.shape[1:]), 255, np.uint8)
    grid = np.concatenate([tiles, blank]).reshape(rows, columns, *tiles.shape[1:])
    return np.concatenate(np.concatenate(grid, axis=1), axis=1)


def write(
    picture: Image.Image,
    middle: tuple[float, float],
    text: str,
    colour: str = "black",
    size: int = TEXT,
) -> None:
    """Writes a line of text around a place."""
    ImageDraw.Draw(picture).text(middle, text, colour, font(size), anchor="mm")


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Matplotlib's own font, in pixels."""
    file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    return ImageFont.truetype(file, size)
