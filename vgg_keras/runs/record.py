"""Frozen dataclasses as JSON values, and back."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from vgg_keras.runs.files import json_values

T = TypeVar("T")

NOT_WRITTEN = {"written": False}
"""Metadata of a field that is not among the JSON values."""


@dataclass(frozen=True)
class Record:
    """A part of a result. Its fields are attributes, and by name items: `run["digests"]`."""

    def __getitem__(self, name: str) -> Any:
        if name not in {field.name for field in fields(self)}:
            raise KeyError(name)
        return getattr(self, name)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values; a figure that is not finite is None."""
        written = (field.name for field in fields(self) if field.metadata.get("written", True))
        return {name: as_json(getattr(self, name)) for name in written}


def as_json(value: Any) -> Any:
    """Makes JSON values of records and of what holds them."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return json_values(value)


def from_json(kind: type[T], value: Any) -> T:
    """Makes a record of JSON values that follow its schema.

    Args:
        kind: A dataclass, or the type of a field: `list[...]`, `dict[str, ...]`, `... | None`.
        value: JSON value.
    """
    return _build(kind, value)


def _build(kind: Any, value: Any) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _build(next(part for part in parts if part is not type(None)), value)
    if origin is list:
        return [_build(parts[0], item) for item in value]
    if origin is dict:
        return {key: _build(parts[1], item) for key, item in value.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{key: _build(hints[key], item) for key, item in value.items()})
    return float(value) if kind is float else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
