"""A data set in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from vgg_keras.config.base import LARGEST_SIDE, class_name
from vgg_keras.datasets.batches import Batches, as_input
from vgg_keras.datasets.images import MODES
from vgg_keras.errors import InputError, require, warn

MAX_CLASSES = 10_000
PARTS = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class Arrays:
    """Inputs and targets for training and testing.

    `(x_train, y_train), (x_test, y_test) = arrays` takes it apart.

    Attributes:
        x_train: Inputs, of a model with several in a dictionary or tuple. Images are uint8 of shape
            `(images, height, width, channels)` with values from 0 to 255, or floats from 0 to 1.
        y_train: Targets, of a model with several outputs in a dictionary or tuple. Labels are
            integers of shape `(images,)`, from 0 to `classes - 1`.
        x_test: Like `x_train`.
        y_test: Like `y_train`.
        classes: Number of classes; None if the targets are no labels.
        class_names: Their names, if they have any.
    """

    x_train: Any
    y_train: Any
    x_test: Any
    y_test: Any
    classes: int | None
    class_names: Sequence[str] | None = None

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        yield self.x_train, self.y_train
        yield self.x_test, self.y_test

    @classmethod
    def of(cls, x_train: Any, y_train: Any, x_test: Any, y_test: Any) -> Arrays:
        """Takes arrays of any shape, dtype and structure.

        Raises:
            InputError: If their numbers of examples differ, or there are none.
        """
        values = [_as_arrays(part) for part in (x_train, y_train, x_test, y_test)]
        for name, part in zip(PARTS, values, strict=True):
            leaves = keras.tree.flatten(part)
            sane = bool(leaves) and all(leaf.ndim and leaf.dtype != object for leaf in leaves)
            require(sane, name, "arrays of numbers with one row an example", "something else")
            counts = {len(leaf) for leaf in leaves}
            require(0 not in counts, name, "at least one row", "none")
            require(len(counts) == 1, name, "as many rows in each array", sorted(counts))
        for part in ("train", "test"):
            x, y = (values[PARTS.index(f"{axis}_{part}")] for axis in "xy")
            expected = f"{count_of(x)} rows, as in x_{part}"
            require(count_of(x) == count_of(y), f"y_{part}", expected, count_of(y))
        labels = values[1], values[3]
        if not all(map(_are_labels, labels)):
            return cls(values[0], values[1], values[2], values[3], None)
        y_train, y_test = (label.reshape(-1) for label in labels)
        return cls(values[0], y_train, values[2], y_test, int(max(map(np.max, labels))) + 1)

    @classmethod
    def checked(
        cls,
        x_train: Any,
        y_train: Any,
        x_test: Any,
        y_test: Any,
        *,
        class_names: Sequence[str] | None = None,
    ) -> Arrays:
        """Takes images and labels from outside, and checks them.

        Args:
            x_train: uint8 of shape `(images, height, width[, channels])`, or floats from 0 to 1.
            y_train: Integers from 0, shape `(images,)`; the highest is the last class.
            x_test: Like `x_train`.
            y_test: Like `y_train`, no label above `y_train`'s highest.
            class_names: Names of the classes, if they have any.

        Returns:
            The same arrays with an axis of channels, and the number of classes.

        Raises:
            InputError: For another rank, dtype, length or range; the message names the array.
        """
        images = [_images(name, x) for name, x in (("x_train", x_train), ("x_test", x_test))]
        pairs = (("train", images[0], y_train), ("test", images[1], y_test))
        for part, pixels, labels in pairs:
            _check_labels(f"y_{part}", labels)
            expected = f"{len(pixels)} labels, one an image"
            require(len(pixels) == len(labels), f"y_{part}", expected, len(labels))
        shape, highest = images[0].shape[1:], int(y_train.max())
        require(highest >= 1, "y_train", "labels of at least two classes", "only 0")
        received = images[1].shape[1:]
        require(received == shape, "x_test", f"images of shape {shape}", received)
        expected = f"labels from 0 to {highest}, as in y_train"
        require(int(y_test.max()) <= highest, "y_test", expected, int(y_test.max()))
        return cls(images[0], y_train, images[1], y_test, highest + 1, class_names)

    def as_images(self) -> Arrays:
        """The same data, checked to be images and labels.

        Raises:
            InputError: If they are something else.
        """
        parts = [getattr(self, part) for part in PARTS]
        for name, part in zip(PARTS, parts, strict=True):
            kind = type(part).__name__
            require(isinstance(part, np.ndarray), name, "one array for this model", f"a {kind}")
        return Arrays.checked(*parts, class_names=self.class_names)

    def check_shapes(self) -> None:
        """Checks that examples have the same shapes in both parts.

        Raises:
            InputError: If they do not.
        """
        for axis in "xy":
            expected, received = (
                str(keras.tree.map_structure(lambda leaf: leaf.shape[1:], getattr(self, name)))
                for name in (f"{axis}_train", f"{axis}_test")
            )
            same, rows = expected == received, f"rows of shape {expected}, as in {axis}_train"
            require(same, f"{axis}_test", rows, received)

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """Height, width and channels of an image; None if the inputs are no images."""
        single = isinstance(self.x_train, np.ndarray) and self.x_train.ndim == 4
        return self.x_train.shape[1:] if single else None

    @property
    def train_count(self) -> int:
        """Number of training examples."""
        return count_of(self.x_train)

    @property
    def test_count(self) -> int:
        """Number of test examples."""
        return count_of(self.x_test)

    def first(self, limit: int | None) -> Arrays:
        """The first training examples and the same share of the test examples.

        Args:
            limit: Number of training examples, at least 1; None or too high a number for all.

        Returns:
            The shortened arrays, with at least one test example. Classes that this leaves without a
            training example are named on standard error.
        """
        if limit is None or limit >= self.train_count:
            return self
        tests = max(1, round(limit * self.test_count / self.train_count))
        if self.classes:
            lost = np.setdiff1d(self.y_train, self.y_train[:limit])
            warn_of_lost_classes(lost.tolist(), self.class_names, limit)
        return replace(
            self,
            x_train=rows(self.x_train, slice(limit)),
            y_train=rows(self.y_train, slice(limit)),
            x_test=rows(self.x_test, slice(tests)),
            y_test=rows(self.y_test, slice(tests)),
        )

    def digest(self) -> str:
        """sha256 of all values, with their dtypes and shapes."""
        digest = hashlib.sha256()
        for leaf in keras.tree.flatten([getattr(self, part) for part in PARTS]):
            digest.update(f"{leaf.dtype} {leaf.shape}".encode())
            digest.update(np.ascontiguousarray(leaf).view(np.uint8).data)
        return digest.hexdigest()

    def tested_on(self, other: Any) -> Arrays:
        """The same training data with the test data of others."""
        return replace(self, x_test=other.x_test, y_test=other.y_test)

    def batches(
        self, batch_size: int, seed: int = 0, class_weight: dict[int, float] | None = None
    ) -> Batches:
        """The batches of a training in an order that follows from the seed."""
        return Batches(self, batch_size, seed, class_weight)

    def sample(self, count: int, part: str = "test") -> tuple[Any, Any]:
        """The first examples of a part, as a model gets them.

        Args:
            count: Number of examples; fewer if there are no more.
            part: `train` or `test`.
        """
        x, y = (rows(getattr(self, f"{axis}_{part}"), slice(count)) for axis in "xy")
        return keras.tree.map_structure(lambda leaf: np.asarray(as_input(leaf)), x), y


def count_of(part: Any) -> int:
    """Number of rows of an array, or of each array in a structure."""
    return len(keras.tree.flatten(part)[0])


def rows(part: Any, which: Any) -> Any:
    """Takes rows of an array, or of each array in a structure."""
    return keras.tree.map_structure(lambda leaf: leaf[which], part)


def _as_arrays(part: Any) -> Any:
    if isinstance(part, list):
        several = part and all(isinstance(item, np.ndarray) and item.ndim for item in part)
        part = tuple(part) if several else np.asarray(part)
    return keras.tree.map_structure(np.asarray, part)


def warn_of_lost_classes(lost: Sequence[int], names: Sequence[str] | None, limit: int) -> None:
    """Warns if some classes have no training example left.

    Args:
        lost: Labels of these classes.
        names: Names of all classes, if they have names.
        limit: Number of the training examples that are used.
    """
    if len(lost):
        named = ", ".join(class_name(names, label) for label in lost[:10])
        more = f" and {len(lost) - 10} others" if len(lost) > 10 else ""
        warn(f"the first {limit} training examples have none of class {named}{more}")


def _are_labels(y: Any) -> bool:
    return (
        isinstance(y, np.ndarray)
        and np.issubdtype(y.dtype, np.integer)
        and (y.ndim == 1 or y.shape[1:] == (1,))
        and 0 <= y.min() <= y.max() < MAX_CLASSES
    )


def _images(name: str, images: np.ndarray) -> np.ndarray:
    expected = "shape (images, height, width[, channels])"
    require(images.ndim in (3, 4), name, expected, images.shape)
    if images.ndim == 3:
        images = images[..., np.newaxis]
    require(images.size > 0, name, "at least one image", f"shape {images.shape}")
    first = images.shape[1] in MODES and images.shape[3] not in MODES
    received = f"{images.shape}, where they come first; use numpy.moveaxis(images, 1, -1)"
    require(not first, name, f"{expected} with the channels last", received)
    longest, expected = max(images.shape[1:3]), f"at most {LARGEST_SIDE} pixels a side"
    require(longest <= LARGEST_SIDE, name, expected, f"{longest}; use smaller images")
    if len(images) > 1 and all(np.array_equal(image, images[0]) for image in images[1:]):
        warn(f"the {len(images)} images of {name} are all equal")
    if np.issubdtype(images.dtype, np.floating):
        low, high = float(images.min()), float(images.max())
        if 0 <= low <= high <= 1:
            return images.astype(np.float32, copy=False)
        if 0 <= low <= high <= 255 and np.array_equal(images, np.rint(images)):
            return images.astype(np.uint8)
        expected = "dtype uint8 with values 0 to 255, or floats from 0 to 1"
        raise InputError(f"{name}: expected {expected}, received floats from {low:g} to {high:g}")
    expected = "dtype uint8, values 0 to 255"
    require(images.dtype == np.uint8, name, expected, images.dtype)
    received = "a highest value of 1; multiply by 255, or make floats of them"
    require(images.max() != 1, name, expected, received)
    return images


def _check_labels(name: str, labels: np.ndarray) -> None:
    require(np.issubdtype(labels.dtype, np.integer), name, "an integer dtype", labels.dtype)
    require(labels.ndim == 1, name, "shape (images,)", labels.shape)
    require(labels.size > 0, name, "at least one label", "none")
    for label in (int(labels.min()), int(labels.max())):
        require(0 <= label < MAX_CLASSES, name, f"labels from 0 to {MAX_CLASSES - 1}", label)
