"""The ways in which a run is refused or ends without an answer, and warnings."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """Input that cannot be used: the message says what was expected and what was received.

    Messages are written with the command line's names, such as `--batch-size`. As text the error
    has Python's, such as `batch_size`; the program prints `for_command_line`.
    """

    @property
    def for_command_line(self) -> str:
        """The message with the names of the command line's options."""
        return str(self.args[0])

    def __str__(self) -> str:
        text, program, command = self.for_command_line.partition("vgg-keras ")
        options = re.compile(r"(?<!\S)--([a-z][a-z-]*)")
        return options.sub(lambda option: option[1].replace("-", "_"), text) + program + command

    def _render_traceback_(self) -> list[str]:
        """What notebooks show instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class InconclusiveError(Exception):
    """The run ended without the answer that was asked for; the message says why."""


_held: list[str] | None = None
"""Warnings that wait until it is clear that the run is not refused; None if none has to wait."""


def warn(message: str) -> None:
    """Says on standard error what a user should know."""
    if _held is None:
        print(f"Warning: {message}", file=sys.stderr, flush=True)
    elif message not in _held:
        _held.append(message)


@contextmanager
def held_warnings() -> Iterator[None]:
    """Holds warnings back until they are released, or the end of a `with`.

    After an error they are dropped, so that what is refused is refused in one line.
    """
    global _held
    _held = []
    try:
        yield
        release_warnings()
    finally:
        _held = None


def release_warnings() -> None:
    """Shows the warnings that were held back, and those to come at once."""
    global _held
    messages, _held = _held or [], None
    for message in messages:
        warn(message)


def require(holds: bool, what: str, expected: str, received: object) -> None:
    """Refuses input unless a condition holds.

    Raises:
        InputError: if it does not; names what was wrong, what was expected and what was received.
    """
    if not holds:
        raise InputError(f"{what}: expected {expected}, received {received}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the known one that it is close to, if any."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""
