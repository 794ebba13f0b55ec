"""Holds a part of the training images out, so that the test images stay unseen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vgg_keras.datasets.arrays import Arrays
from vgg_keras.errors import InputError


def hold_out(arrays: Arrays, share: float, seed: int) -> tuple[Arrays, np.ndarray]:
    """Replaces the test images by a share of the training images, alike in every class.

    Args:
        arrays: a data set.
        share: of each class that is held out, between 0 and 1, rounded to whole images.
        seed: of the choice.

    Returns:
        A data set whose test images are the held-out ones, and their indices among the training
        images, int64, sorted.

    Raises:
        InputError: if nothing would be left on either side.
    """
    rng = np.random.default_rng(seed)
    held: list[int] = []
    for label in range(arrays.classes):
        members = rng.permutation(np.flatnonzero(arrays.y_train == label))
        held += members[: round(share * len(members))].tolist()
    indices = np.array(sorted(held), np.int64)
    if not 0 < len(indices) < len(arrays.y_train):
        raise InputError(
            f"--validation-split: expected a share of {len(arrays.y_train)} images that leaves "
            f"some on both sides, received {share}"
        )
    rest = np.setdiff1d(np.arange(len(arrays.y_train)), indices)
    parts = replace(
        arrays,
        x_train=arrays.x_train[rest],
        y_train=arrays.y_train[rest],
        x_test=arrays.x_train[indices],
        y_test=arrays.y_train[indices],
    )
    return parts, indices
