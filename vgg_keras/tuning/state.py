"""The state of a search on disk, written whole or not at all, and twice: a disk may lose it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from vgg_keras.errors import InputError
from vgg_keras.runs.files import json_values, read_json, write_json


def save_state(path: Path, value: dict[str, Any]) -> None:
    """Writes a state file with its sha256, and a copy beside it in case the file is damaged."""
    signed = {**value, "sha256": _sha256(json_values(value))}
    write_json(_copy_of(path), signed)
    write_json(path, signed)


def load_state(path: Path) -> dict[str, Any]:
    """Reads a state file; if it is missing or damaged its copy, which then takes its place.

    Raises:
        InputError: If both are missing or damaged.
    """
    value = _read(path)
    if value is None:
        value = _read(_copy_of(path))
        received = "received both missing or damaged; bring one back, or start another search"
        if value is None:
            raise InputError(f"{path}: expected it or its copy as it was written, {received}")
        save_state(path, value)
    return value


def has_state(path: Path) -> bool:
    """Whether there is a state file or its copy, whatever is in them."""
    return path.exists() or _copy_of(path).exists()


def _copy_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.copy")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = read_json(path)
    except InputError:
        return None
    return value if value.pop("sha256", None) == _sha256(value) else None


def _sha256(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
