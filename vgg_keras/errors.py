"""The ways in which a run is refused or ends without an answer."""

from __future__ import annotations


class InputError(ValueError):
    """Input that cannot be used: the message says what was expected and what was received."""


class InconclusiveError(Exception):
    """The run ended without the answer that was asked for; the message says why."""


def require(holds: bool, what: str, expected: str, received: object) -> None:
    """Refuses input unless a condition holds.

    Raises:
        InputError: that names what was wrong, what was expected and what was received.
    """
    if not holds:
        raise InputError(f"{what}: expected {expected}, received {received}")
