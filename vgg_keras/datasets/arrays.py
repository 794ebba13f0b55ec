"""The arrays of a data set, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vgg_keras.errors import require

MAX_CLASSES = 10_000


@dataclass(frozen=True)
class Arrays:
    """Images and labels for training and testing.

    Attributes:
        x_train: uint8, shape `(images, height, width, channels)`, values 0 to 255.
        y_train: integers, shape `(images,)`, values 0 to `classes - 1`.
        x_test: like `x_train`.
        y_test: like `y_train`.
        classes: number of classes.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int

    @classmethod
    def checked(
        cls, x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray
    ) -> Arrays:
        """Checks arrays from outside.

        Args:
            x_train: uint8, shape `(images, height, width, channels)`.
            y_train: integers from 0, shape `(images,)`; the highest is the last class.
            x_test: like `x_train`.
            y_test: like `y_train`, no label above `y_train`'s highest.

        Returns:
            The same arrays, and the number of classes.

        Raises:
            InputError: for another rank, dtype, length or range; the message names the array.
        """
        for part, images, labels in (("train", x_train, y_train), ("test", x_test, y_test)):
            _check_images(f"x_{part}", images)
            _check_labels(f"y_{part}", labels)
            expected = f"{len(images)} labels, one an image"
            require(len(images) == len(labels), f"y_{part}", expected, len(labels))
        shape, highest = x_train.shape[1:], int(y_train.max())
        require(highest >= 1, "y_train", "labels of at least two classes", "only 0")
        require(x_test.shape[1:] == shape, "x_test", f"images of shape {shape}", x_test.shape[1:])
        expected = f"labels from 0 to {highest}, as in y_train"
        require(int(y_test.max()) <= highest, "y_test", expected, int(y_test.max()))
        return cls(x_train, y_train, x_test, y_test, classes=highest + 1)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels of an image."""
        return self.x_train.shape[1:]

    def first(self, limit: int | None) -> Arrays:
        """The first training images and the same share of the test images.

        Args:
            limit: number of training images, at least 1; None or too high a number for all.

        Returns:
            The shortened arrays, with at least one test image.
        """
        images = len(self.x_train)
        if limit is None or limit >= images:
            return self
        tests = max(1, round(limit * len(self.x_test) / images))
        return replace(
            self,
            x_train=self.x_train[:limit],
            y_train=self.y_train[:limit],
            x_test=self.x_test[:tests],
            y_test=self.y_test[:tests],
        )


def _check_images(name: str, images: np.ndarray) -> None:
    require(images.dtype == np.uint8, name, "dtype uint8, values 0 to 255", images.dtype)
    require(images.ndim == 4, name, "shape (images, height, width[, channels])", images.shape)
    require(images.size > 0, name, "at least one image", f"shape {images.shape}")


def _check_labels(name: str, labels: np.ndarray) -> None:
    require(np.issubdtype(labels.dtype, np.integer), name, "an integer dtype", labels.dtype)
    require(labels.ndim == 1, name, "shape (images,)", labels.shape)
    require(labels.size > 0, name, "at least one label", "none")
    for label in (int(labels.min()), int(labels.max())):
        require(0 <= label < MAX_CLASSES, name, f"labels from 0 to {MAX_CLASSES - 1}", label)
