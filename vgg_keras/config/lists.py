"""Options that are written as lists: as text, or as sequences in Python, YAML and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, get_args

MOST_CHOICES = 10_000


class Numbers(tuple[int, ...]):
    """Whole numbers; as text, `32,64`."""

    __slots__ = ()
    EXAMPLE = "32,64"

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Reads `"32,64"`, `32`, or any sequence of whole numbers."""
        return cls(int(str(number)) for number in _parts(value))

    def __str__(self) -> str:
        return ",".join(map(str, self))


class FilterCounts(Numbers):
    """Filter counts, one a block."""

    __slots__ = ()


class Units(Numbers):
    """Units of dense layers."""

    __slots__ = ()
    EXAMPLE = "128"


class Steps(Numbers):
    """The first and the last of some steps, counted from 1."""

    __slots__ = ()
    EXAMPLE = "10,20"


class Sides(Numbers):
    """Height and width; one number for both."""

    __slots__ = ()
    EXAMPLE = "64,48"

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Reads `"64,48"`, `64`, or any sequence of whole numbers."""
        sides = super().parse(value)
        return cls(sides * 2) if len(sides) == 1 else sides


class Variants(tuple[str, ...]):
    """Trainers, each with what differs in it from the other options: `tape,fit:bfloat16`."""

    __slots__ = ()
    EXAMPLE = "tape,fit:bfloat16"

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Reads `"tape,fit:bfloat16"` or any sequence of texts."""
        return cls(map(str, _parts(value)))

    def __str__(self) -> str:
        return ",".join(self)


class Choices(tuple[Any, ...]):
    """Values to choose from; as text a range `low:high:step`, both ends in it, or `1,2,5`."""

    __slots__ = ()
    EXAMPLE = "8:64:8 or 16,32,64"

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Reads `"8:64:8"`, `"16,32"`, `"0.001,0.01"`, or any sequence of numbers.

        Raises:
            ValueError: For a range that is empty, reversed or longer than `MOST_CHOICES`, or text
                that is no number.
        """
        if isinstance(value, str) and ":" in value:
            low, high, *rest = map(int, value.split(":"))
            (step,) = rest or (1,)
            if step < 1 or high < low:
                raise ValueError(f"expected low:high:step with low <= high, received {value}")
            if (high - low) // step >= MOST_CHOICES:
                raise ValueError(f"expected at most {MOST_CHOICES} choices, received {value}")
            return cls(range(low, high + 1, step))
        return cls(map(_number, _parts(value)))

    def __str__(self) -> str:
        return ",".join(map(str, self))


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, str):
        return value.split(",")
    if isinstance(value, dict):
        raise TypeError(f"expected a sequence, received {value}")
    return value if isinstance(value, Iterable) else [value]


def _number(part: Any) -> int | float:
    text = str(part)
    try:
        return int(text)
    except ValueError:
        return float(text)


LISTS = (FilterCounts, Units, Steps, Sides, Variants, Choices)


def list_type(kind: Any) -> Any:
    """The type of a field that is written as a list, optional or not; None for any other."""
    return next((part for part in (kind, *get_args(kind)) if part in LISTS), None)
