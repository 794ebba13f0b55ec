"""States of a training on disk: the newest one and the one before it, each written whole."""

from __future__ import annotations

import errno
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from vgg_keras.errors import InputError
from vgg_keras.runs import writing_whole

NEWEST, PREVIOUS = "state.npz", "state-previous.npz"


def save_state(directory: Path, state: dict[str, Any]) -> None:
    """Saves a state, and keeps the one before it.

    Args:
        directory: gets the files.
        state: JSON values and arrays, in dictionaries and lists.

    Raises:
        OSError: if it cannot be written, or not be read back; the states before it are as they
            were.
    """
    arrays: list[np.ndarray] = []

    def put(array: np.ndarray) -> dict[str, int]:
        arrays.append(np.asarray(array))
        return {"array": len(arrays) - 1}

    text = json.dumps(state, default=put)
    newest = directory / NEWEST
    with writing_whole(newest) as file:
        np.savez(file, text, *arrays, allow_pickle=False)
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
        InputError: if no state that was saved can be read.
    """
    paths = [directory / name for name in (NEWEST, PREVIOUS) if (directory / name).exists()]
    states = (_read(path) for path in paths)
    state = next((state for state in states if state is not None), None)
    if paths and state is None:
        names = " and ".join(map(str, paths))
        raise InputError(
            f"--resume: expected a state that can be read, received {names}; "
            "remove what is damaged, and the training begins anew"
        )
    return state


def remove_states(directory: Path) -> None:
    """Removes the states of a training that is finished."""
    for name in (NEWEST, PREVIOUS):
        (directory / name).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            text, *arrays = (file[name] for name in file.files)
    except (ValueError, EOFError, zipfile.BadZipFile):
        return None
    return json.loads(
        str(text), object_hook=lambda part: arrays[part["array"]] if "array" in part else part
    )
