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


def mismatch(value: Any, schema: str) -> str | None:
    """What in a value is not as its schema says.

    Args:
        value: read from JSON.
        schema: name of a file in this folder, without its suffix.

    Returns:
        The place and what is wrong with it, in one line; None if nothing is.
    """
    error = best_match(_validator(schema).iter_errors(value))
    return error and f"{error.json_path}: {textwrap.shorten(error.message, 200)}"


@cache
def _validator(schema: str) -> Any:
    text = (files("vgg_keras") / "runs" / "schemas" / f"{schema}.json").read_text(encoding="utf-8")
    return Validator(json.loads(text))
