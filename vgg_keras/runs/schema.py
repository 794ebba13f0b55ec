"""JSON schemas of what others may have written, and the check against them."""

from __future__ import annotations

import json
import textwrap
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


def mismatch(value: Any, command: str) -> str | None:
    """What in a value is not as its schema says.

    Args:
        value: Value read from JSON.
        command: Command whose result it should be; `train` has the schema of `compare`.

    Returns:
        The place and what is wrong with it, in one line; None if nothing is.
    """
    error = best_match(_validator("compare" if command == "train" else command).iter_errors(value))
    return error and f"{error.json_path}: {textwrap.shorten(error.message, 200)}"


@cache
def _validator(schema: str) -> Any:
    text = (files("vgg_keras") / "runs" / "schemas" / f"{schema}.json").read_text(encoding="utf-8")
    return Validator(json.loads(text))
