"""Holds a part of the training data out, so that the test data stay unseen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vgg_keras.datasets.arrays import Arrays, rows
from vgg_keras.datasets.given import Data
from vgg_keras.datasets.streams import Streams
from vgg_keras.errors import InputError


def hold_out(data: Data, share: float, seed: int) -> tuple[Data, np.ndarray]:
    """Replaces the test data by a share of the training data, alike in every class.

    Args:
        data: A data set.
        share: Share of each class that is held out, between 0 and 1, rounded to whole examples; of
            data sets that are streamed, share of the batches.
        seed: Seed of the choice.

    Returns:
        A data set whose test data are the held-out ones, and their indices among the training
        examples (or batches), int64, sorted.

    Raises:
        InputError: If nothing would be left on either side.
    """
    if isinstance(data, Streams):
        return data.hold_out(share)
    rng = np.random.default_rng(seed)
    held: list[int] = []
    count = data.train_count
    labels = data.y_train if data.classes else np.zeros(count, np.int64)
    for label in range(data.classes or 1):
        members = rng.permutation(np.flatnonzero(labels == label))
        held += members[: round(share * len(members))].tolist()
    indices = np.array(sorted(held), np.int64)
    if not 0 < len(indices) < count:
        raise InputError(
            f"--validation-split: expected a share of {count} images that leaves "
            f"some on both sides, received {share}"
        )
    rest = np.setdiff1d(np.arange(count), indices)
    parts: Arrays = replace(
        data,
        x_train=rows(data.x_train, rest),
        y_train=rows(data.y_train, rest),
        x_test=rows(data.x_train, indices),
        y_test=rows(data.y_train, indices),
    )
    return parts, indices
