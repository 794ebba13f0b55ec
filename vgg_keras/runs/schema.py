"""JSON schemas of what others may have written, and the check against them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)
"""Takes 1.0 for no integer, which the standard does."""


LARGEST, LARGEST_WHOLE = 1e300, 2**63 - 1
"""The largest figure that a result may hold; plots of larger ones overflow."""


def mismatch(value: Any, command: str) -> str | None:
    """What in a value is not as its schema says.

    Args:
        value: Value read from JSON.
        command: Command whose result it should be; `train` has the schema of `compare`.

    Returns:
        The place and what is wrong with it, in one line; None if nothing is.
    """
    error = best_match(_validator("compare" if command == "train" else command).iter_errors(value))
    if error:
        return f"{error.json_path}: {textwrap.shorten(error.message, 200)}"
    return next(_too_large(value, "$"), None)


def _too_large(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _too_large(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _too_large(item, f"{path}[{index}]")
    elif isinstance(value, (int, float)):
        largest = LARGEST_WHOLE if isinstance(value, int) else LARGEST
        if abs(value) > largest:
            yield f"{path}: {float(value):g}, which is out of the range of figures"


@cache
def _validator(schema: str) -> Any:
    text = (files("vgg_keras") / "runs" / "schemas" / f"{schema}.json").read_text(encoding="utf-8")
    return Validator(json.loads(text))
