"""A NumPy archive of four arrays."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from vgg_keras.errors import InputError

KEYS = ("x_train", "y_train", "x_test", "y_test")
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    zipfile.BadZipFile,
    RuntimeError,  # an encrypted member; NotImplementedError is one, for an unknown compression
)


def load(path: Path) -> tuple[np.ndarray, ...]:
    """Reads the four arrays of an `.npz` file; never unpickles an object.

    Args:
        path: a NumPy archive.

    Returns:
        The arrays under `KEYS`, in that order, of any dtype and shape.

    Raises:
        InputError: if the file is no archive, lacks a key, or holds Python objects.
    """
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("another kind of file")
        with np.load(path, allow_pickle=False) as archive:
            if missing := [key for key in KEYS if key not in archive]:
                raise ValueError(f"no {', '.join(missing)}")
            return tuple(archive[key] for key in KEYS)
    except UNREADABLE as error:
        raise InputError(
            f"{path}: expected an .npz file of the arrays {', '.join(KEYS)}, received {error}"
        ) from error
