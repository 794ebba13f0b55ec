"""Which classes a classifier takes for which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from vgg_keras.config.base import class_name
from vgg_keras.reporting import words
from vgg_keras.reporting.page import Section, draw, make_axes

MOST_CLASSES_WITH_NUMBERS = 20
DARK = "#1a1a1a"

Confusion = Mapping[str, Mapping[str, int]]


def draw_matrix(axes: Axes, matrix: np.ndarray, names: list[str]) -> None:
    """Draws a confusion matrix, coloured by the share of each true class.

    Args:
        axes: Where to draw.
        matrix: Counts of shape `(true classes, predicted classes)`.
        names: Names of the classes.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.grid(visible=False)
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set(xlabel="Predicted class", ylabel="True class")
    if len(names) > MOST_CLASSES_WITH_NUMBERS:
        return
    places = np.arange(len(names)) + 0.5
    turned = 90 if max(map(len, names)) > 2 else 0
    axes.set_xticks(places, names, rotation=turned)
    axes.set_yticks(places, names)
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            color = "white" if shares[row, column] > 0.5 else DARK
            place = column + 0.5, row + 0.5
            axes.text(*place, str(count), ha="center", va="center", color=color)


def sections(confusions: Mapping[str, Confusion], names: Any) -> list[Section]:
    """The matrices, and precision and recall of each class.

    Args:
        confusions: By the trainers that have it.
        names: Names of the classes, if they have any.
    """
    if not confusions:
        return []
    rows_of = [(label, *row) for c in confusions.values() for label, row in c.items()]
    labels = sorted({int(label) for row in rows_of for label in row})
    classes = [class_name(names, label) for label in labels]
    matrices = {
        trainers: np.array([[c.get(str(a), {}).get(str(b), 0) for b in labels] for a in labels])
        for trainers, c in confusions.items()
    }
    pictures = []
    for trainers, matrix in matrices.items():
        figure, (axes,) = make_axes(height=4.2)
        draw_matrix(axes, matrix, classes)
        axes.set_title(trainers)
        right = int(np.trace(matrix))
        pictures.append(draw(figure, f"{trainers}: {right} of {matrix.sum()} images are right."))
    counts = next(iter(matrices.values())).sum(axis=1)
    rows: list[list[object]] = [
        [name, int(count)] for name, count in zip(classes, counts, strict=True)
    ]
    for place, row in enumerate(rows):
        for matrix in matrices.values():
            hits = int(matrix[place, place])
            row += [words.share(hits, int(matrix.sum(axis=axis)[place])) for axis in (0, 1)]
    head = [f"{figure}, {trainers}" for trainers in matrices for figure in ("Precision", "Recall")]
    text = (
        "Each row of a matrix is a true class, each column what its test images were taken for. "
        "Precision: how many of the images taken for a class are of it. Recall: how many of its "
        "images were found."
    )
    return [Section("Classes", [text], pictures, head=["Class", "Images", *head], rows=rows)]
