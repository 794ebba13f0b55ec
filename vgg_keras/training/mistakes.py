"""The images that a model got most confidently wrong."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from vgg_keras.datasets import Arrays
from vgg_keras.training.evaluation import Evaluation

MOST_MISTAKES = 25
LARGEST_SIDE = 64


@dataclass(frozen=True)
class Mistake:
    """An image that was taken for something else.

    Attributes:
        index: among the test images, from 0.
        label: its true class.
        predicted: the class that it was taken for.
        probability: of that class, from 0 to 1.
        image: no side of it longer than `LARGEST_SIDE` pixels.
    """

    index: int
    label: int
    predicted: int
    probability: float
    image: Image.Image

    @property
    def caption(self) -> str:
        """What it was taken for, in a few words."""
        return f"{self.label} as {self.predicted}, {self.probability:.0%}"

    def to_dict(self) -> dict[str, Any]:
        """As in `result.json`, with the image as PNG in base64."""
        file = io.BytesIO()
        self.image.save(file, "png")
        return {
            "index": self.index,
            "label": self.label,
            "predicted": self.predicted,
            "probability": self.probability,
            "png": base64.b64encode(file.getvalue()).decode(),
        }


def worst_mistakes(evaluation: Evaluation, arrays: Arrays) -> list[Mistake]:
    """The most confident mistakes, the worst first.

    Args:
        evaluation: of a model.
        arrays: that it was tested on.
    """
    predicted = evaluation.predicted
    return [
        Mistake(
            int(index),
            int(evaluation.labels[index]),
            int(predicted[index]),
            float(evaluation.probabilities[index, predicted[index]]),
            small_image(arrays.x_test[index]),
        )
        for index in evaluation.mistakes(MOST_MISTAKES)
    ]


def small_image(pixels: np.ndarray) -> Image.Image:
    """Makes an image; other numbers of channels than 1 and 3 become grey.

    Args:
        pixels: uint8, shape `(height, width, channels)`.
    """
    if pixels.shape[-1] != 3:
        pixels = pixels.mean(axis=-1).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return image
