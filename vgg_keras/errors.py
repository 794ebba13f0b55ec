"""The ways in which a run is refused or ends without an answer."""

from __future__ import annotations

import re


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


class InconclusiveError(Exception):
    """The run ended without the answer that was asked for; the message says why."""


def require(holds: bool, what: str, expected: str, received: object) -> None:
    """Refuses input unless a condition holds.

    Raises:
        InputError: if it does not; names what was wrong, what was expected and what was received.
    """
    if not holds:
        raise InputError(f"{what}: expected {expected}, received {received}")
