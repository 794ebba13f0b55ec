"""The state of a search on disk, written whole or not at all, and twice: a disk may lose it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from vgg_keras.errors import InputError, require
from vgg_keras.runs.files import json_values, read_json, write_json


def save_state(path: Path, value: dict[str, Any]) -> None:
    """Writes a state file with its sha256, and a copy beside it in case the file is damaged."""
    signed = {**value, "sha256": _sha256(json_values(value))}
    write_json(_copy_of(path), signed)
    write_json(path, signed)


def restore_state(directory: Path) -> None:
    """Mends the state files in a directory that are missing or not as they were written.

    Raises:
        InputError: If a file and its copy are both damaged.
    """
    for copy in directory.rglob(_copy_of(Path("*")).name):
        path = copy.with_name(copy.name.removeprefix(".").removesuffix(".copy"))
        if not _is_whole(path):
            expected = "it or its copy as it was written"
            require(_is_whole(copy), str(path), expected, "both damaged; start another search")
            copy.replace(path)


def _copy_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.copy")


def _is_whole(path: Path) -> bool:
    try:
        value = read_json(path)
    except InputError:
        return False
    return value.pop("sha256", None) == _sha256(value)


def _sha256(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
