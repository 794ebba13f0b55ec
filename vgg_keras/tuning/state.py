"""The state of a search on disk: written whole or not at all, and twice, lest a disk lose it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vgg_keras.errors import require
from vgg_keras.runs import write_json


def save_state(path: Path, value: dict[str, Any]) -> None:
    """Writes a state file, and a copy beside it for the case that the file is damaged."""
    write_json(_copy_of(path), value)
    write_json(path, value)


def restore_state(directory: Path) -> None:
    """Mends the state files in a directory that are missing or cannot be read.

    Raises:
        InputError: if a file and its copy are both damaged.
    """
    for copy in directory.rglob(_copy_of(Path("*")).name):
        path = copy.with_name(copy.name.removeprefix(".").removesuffix(".copy"))
        if not _is_json(path):
            require(_is_json(copy), str(path), "JSON in it or in its copy", "none in either")
            copy.replace(path)


def _copy_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.copy")


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text())
    except (OSError, ValueError):
        return False
    return True
