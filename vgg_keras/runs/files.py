"""Files written whole or not at all, and JSON in them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from vgg_keras.errors import InputError, require


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON file that a run has left.

    Raises:
        InputError: If it cannot be read, or holds anything but an object of finite numbers.
    """
    try:
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
def writing_whole(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file that takes the place of another one only when it is whole and on the disk.

    Args:
        path: File that it replaces.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def json_values(value: Any) -> Any:
    """Makes what JSON can hold: text keys, lists, and null for a float that is not finite."""
    if isinstance(value, dict):
        return {str(key): json_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_values(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
