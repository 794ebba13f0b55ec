"""States of a training on disk: the newest one and the one before it, each written whole."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from vgg_keras.errors import InputError
from vgg_keras.runs.archives import read_arrays
from vgg_keras.runs.files import writing_whole

NEWEST, PREVIOUS = "state.npz", "state-previous.npz"


def save_state(directory: Path, state: dict[str, Any]) -> None:
    """Saves a state, and keeps the one before it.

    Args:
        directory: Folder that gets the files.
        state: JSON values and arrays, in dictionaries and lists.

    Raises:
        OSError: If it cannot be written, or not be read back; the states before it are as they
            were.
    """
    arrays: dict[str, np.ndarray] = {}

    def put(array: np.ndarray) -> dict[str, str]:
        name = str(len(arrays))
        arrays[name] = np.asarray(array)
        return {"array": name}

    arrays["state"] = np.asarray(json.dumps(state, default=put))
    newest = directory / NEWEST
    with writing_whole(newest) as file:
        np.savez(file, allow_pickle=False, sha256=_sha256(arrays), **arrays)
        file.flush()
        if _read(Path(file.name)) is None:
            raise OSError(errno.EIO, "The state that was written cannot be read", file.name)
        if newest.exists():
            newest.replace(directory / PREVIOUS)


def load_state(directory: Path) -> dict[str, Any] | None:
    """Loads the newest state that can be read.

    Returns:
        The state; None if none was saved.

    Raises:
        InputError: If no state that was saved can be read.
    """
    paths = [directory / name for name in (NEWEST, PREVIOUS) if (directory / name).exists()]
    states = (_read(path) for path in paths)
    state = next((state for state in states if state is not None), None)
    if paths and state is None:
        names = " and ".join(map(str, paths))
        raise InputError(
            f"--resume: expected a state that can be read, received {names}; "
            "remove what is damaged, and the training starts again"
        )
    return state


def remove_states(directory: Path) -> None:
    """Removes the states of a training that is finished."""
    for name in (NEWEST, PREVIOUS):
        (directory / name).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        arrays = read_arrays(path)
    except ValueError:
        return None
    if str(arrays.pop("sha256", "")) != _sha256(arrays):
        return None
    return json.loads(
        str(arrays["state"]),
        object_hook=lambda part: arrays[part["array"]] if "array" in part else part,
    )


def _sha256(arrays: dict[str, np.ndarray]) -> str:
    sha256 = hashlib.sha256()
    for name in sorted(arrays):
        sha256.update(f"{name}{arrays[name].shape}{arrays[name].dtype}".encode())
        sha256.update(arrays[name].tobytes())
    return sha256.hexdigest()
