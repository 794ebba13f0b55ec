"""ZIP archives from anywhere: `.npz` files, and what can be wrong with them."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    zlib.error,
    zipfile.BadZipFile,
    tokenize.TokenError,
    MemoryError,  # an array that claims to be larger than any memory
    OverflowError,
    RuntimeError,  # an encrypted member or an unknown compression: zipfile has nothing narrower
)


def read_arrays(path: Path, names: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Reads arrays of an `.npz` file; never unpickles an object.

    Args:
        path: An `.npz` file.
        names: Names of the arrays; empty for all.

    Returns:
        The arrays by name, in the order of the file.

    Raises:
        ValueError: If it is no archive, lacks a name, holds Python objects, or is damaged.
    """
    try:
        if not path.is_file() or not zipfile.is_zipfile(path):
            raise ValueError("another kind of file")
        with np.load(path, allow_pickle=False) as archive:
            if missing := [name for name in names if name not in archive]:
                raise ValueError(f"no {', '.join(missing)}")
            arrays = {name: archive[name] for name in names or archive.files}
            if strange := [name for name, array in arrays.items() if isinstance(array, bytes)]:
                raise ValueError(f"no array as {', '.join(strange)}")
            return arrays
    except UNREADABLE as error:
        raise ValueError(str(error) or type(error).__name__) from error
