"""Pictures for TensorBoard: uint8 arrays of shape `(height, width, channels)`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vgg_keras.reporting.confusion import draw_matrix
from vgg_keras.runtime.drawing import own_style

FILTER_SCALE = 12
LARGEST_CAPTION = 15.0
WIDEST_CAPTION = 170.0
"""Points of the type, and these times the number of characters that fit above an image."""


@own_style({"font.size": 15})
def confusion_picture(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Draws a confusion matrix, coloured by the share of each true class.

    Args:
        labels: True classes, integers of shape `(images,)`.
        probabilities: Floats, shape `(images, classes)`.
    """
    classes = probabilities.shape[1]
    matrix = tf.math.confusion_matrix(labels, probabilities.argmax(axis=1), classes).numpy()
    figure = Figure((6.4, 6.0))
    axes = figure.add_axes((0.12, 0.12, 0.86, 0.86))
    draw_matrix(axes, matrix, list(map(str, range(classes))))
    return _pixels(figure)


@own_style()
def grid_picture(images: Sequence[np.ndarray], captions: Sequence[str]) -> np.ndarray:
    """Draws images in a square, each with its caption.

    Args:
        images: Images, uint8, each of shape `(height, width, channels)` with 1 or 3 channels.
        captions: One an image.
    """
    pixels = np.stack([image.reshape(*image.shape[:2], -1) for image in images])
    margin = pixels.shape[1] // 4
    framed = np.pad(pixels, ((0, 0), (margin, 0), (1, 1), (0, 0)), constant_values=255)
    mosaic, columns = _mosaic(framed)
    height, width = framed.shape[1:3]
    figure = Figure((1.5 * columns, 1.5 * columns * len(mosaic) / mosaic.shape[1]))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(mosaic.squeeze(), cmap="gray", vmin=0, vmax=255, aspect="auto")
    axes.set_axis_off()
    size = min(LARGEST_CAPTION, WIDEST_CAPTION / max(map(len, captions)))
    for place, caption in enumerate(captions):
        row, column = divmod(place, columns)
        middle = (column + 0.5) * width - 0.5, row * height + 0.5 * margin - 0.5
        axes.text(*middle, caption, ha="center", va="center", fontsize=size)
    return _pixels(figure)


def filters_picture(kernel: np.ndarray) -> np.ndarray:
    """Draws the filters of a convolution side by side, from the lowest weight to the highest.

    Args:
        kernel: Floats, shape `(height, width, channels, filters)`; of several channels, the mean.
    """
    filters = np.nan_to_num(kernel).mean(axis=2).transpose(2, 0, 1)
    low, high = filters.min(), filters.max()
    scaled = (255 * (filters - low) / max(high - low, 1e-12)).astype(np.uint8)
    large = np.kron(scaled, np.ones((1, FILTER_SCALE, FILTER_SCALE), np.uint8))
    return _mosaic(np.pad(large, ((0, 0), (1, 1), (1, 1)))[..., np.newaxis])[0]


def _mosaic(tiles: np.ndarray) -> tuple[np.ndarray, int]:
    """Lays tiles side by side, about as many columns as rows; gives the number of columns too."""
    columns = math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    blank = np.full((rows * columns - len(tiles), *tiles.shape[1:]), 255, np.uint8)
    grid = np.concatenate([tiles, blank]).reshape(rows, columns, *tiles.shape[1:])
    return np.concatenate(np.concatenate(grid, axis=1), axis=1), columns


def _pixels(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
