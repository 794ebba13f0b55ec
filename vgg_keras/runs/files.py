"""Files written whole or not at all, and JSON in them."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from vgg_keras.errors import InputError, require

UNFINISHED = ".new-"
"""What the names of folders begin with that hold files until they are whole."""


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON file that a run has left.

    Raises:
        InputError: If it cannot be read, or holds anything but an object of finite numbers.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("no regular file")
        value = json.loads(
            path.read_text(encoding="utf-8"),
            parse_constant=_finite,
            parse_float=_finite,
            parse_int=_whole,
        )
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: expected JSON as a run leaves it, received {error}; start another run"
        ) from error
    require(isinstance(value, dict), str(path), "a JSON object", type(value).__name__)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text}, which is no finite number")
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes a JSON file atomically: beside, flushed to the disk, renamed.

    Args:
        path: File to write.
        value: Value, made into JSON values first.
    """
    text = json.dumps(json_values(value), indent=2, allow_nan=False, ensure_ascii=False)
    with writing_whole(path) as file:
        file.write(f"{text}\n".encode())


@contextmanager
def writing_beside(path: Path) -> Iterator[Path]:
    """Names a new file that takes the place of another one only when it is whole and on the disk.

    It has the other one's name, in a new folder beside it, where no symbolic link can be followed.
    A link that has the place itself is replaced.

    Args:
        path: File that it replaces.
    """
    with TemporaryDirectory(dir=path.parent, prefix=UNFINISHED) as folder:
        beside = Path(folder, path.name)
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)


@contextmanager
def writing_whole(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file that takes the place of another one only when it is whole and on the disk.

    Args:
        path: File that it replaces.
    """
    with writing_beside(path) as beside, beside.open("xb") as file:
        yield file


def remove_unfinished(directory: Path) -> None:
    """Removes what processes that were killed had begun to write."""
    for folder in directory.rglob(f"{UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def json_values(value: Any) -> Any:
    """Makes what JSON can hold: text keys, lists, and null for a float that is not finite."""
    if isinstance(value, dict):
        return {str(key): json_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_values(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
