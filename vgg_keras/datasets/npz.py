"""A NumPy archive of four arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vgg_keras.errors import InputError
from vgg_keras.runs.archives import read_arrays

KEYS = ("x_train", "y_train", "x_test", "y_test")


def load(path: Path) -> tuple[np.ndarray, ...]:
    """Reads the four arrays of an `.npz` file; never unpickles an object.

    Args:
        path: A NumPy archive.

    Returns:
        The arrays under `KEYS`, in that order, of any dtype and shape.

    Raises:
        InputError: If the file is no archive, lacks a key, or holds Python objects.
    """
    try:
        return tuple(read_arrays(path, KEYS).values())
    except ValueError as error:
        raise InputError(
            f"{path}: expected an .npz file of the arrays {', '.join(KEYS)}, received {error}"
        ) from error
