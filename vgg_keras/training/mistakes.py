"""The images that a model got most confidently wrong."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from vgg_keras.datasets import Arrays, Data
from vgg_keras.runs.results import Mistake
from vgg_keras.training.evaluation import Evaluation

MOST_MISTAKES = 25
LARGEST_SIDE = 64


def worst_mistakes(evaluation: Evaluation, data: Data) -> list[tuple[Mistake, np.ndarray]]:
    """The most confident mistakes with their images, the worst first.

    Args:
        evaluation: Evaluation of a model.
        data: Data that it was tested on.

    Returns:
        Each mistake, and its image: uint8 of shape `(height, width[, 3])`; none if the model is no
        classifier, or the data are no images in memory.
    """
    if evaluation.labels is None or not isinstance(data, Arrays) or not data.image_shape:
        return []
    predicted, worst = evaluation.predicted, []
    for index in evaluation.mistakes(MOST_MISTAKES):
        image = small_image(data.x_test[index])
        file = io.BytesIO()
        image.save(file, "png")
        mistake = Mistake(
            index=int(index),
            label=int(evaluation.labels[index]),
            predicted=int(predicted[index]),
            probability=float(evaluation.probabilities[index, predicted[index]]),  # type: ignore[index]
            png=base64.b64encode(file.getvalue()).decode(),
        )
        worst.append((mistake, np.asarray(image)))
    return worst


def small_image(pixels: np.ndarray) -> Image.Image:
    """Makes an image; other numbers of channels than 1 and 3 become grey.

    Args:
        pixels: uint8, or floats from 0 to 1, shape `(height, width, channels)`.
    """
    if pixels.dtype != np.uint8:
        pixels = np.clip(np.rint(pixels * 255.0), 0, 255)
    if pixels.shape[-1] != 3:
        pixels = pixels.mean(axis=-1)
    image = Image.fromarray(pixels.astype(np.uint8))
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return image
