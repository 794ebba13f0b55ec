"""The program's own output, whose reader may go before the program ends."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import Any

from vgg_keras.errors import InputError


class Descriptor(io.FileIO):
    """A file descriptor that interrupts the program when nobody reads from it any more.

    It does so as SIGPIPE would, which Python ignores, but by a KeyboardInterrupt, so that a run is
    ended as by ^C. What is written after that goes nowhere.
    """

    def write(self, data: Any) -> int:
        """Writes bytes.

        Raises:
            KeyboardInterrupt: If the reader is gone, with the number of SIGPIPE.
            InputError: If they cannot be written for another reason.
        """
        try:
            return super().write(data)
        except OSError as error:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self.fileno())
            if isinstance(error, BrokenPipeError):
                raise KeyboardInterrupt(signal.SIGPIPE) from error
            expected = "standard output and standard error that can be written"
            raise InputError(f"output: expected {expected}, received {error}") from error


def watch_output() -> None:
    """Lets standard output and standard error, which may be closed, end the program quietly."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started the program
            stream = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", closefd=False)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        stream.flush()
        descriptor = Descriptor(stream.fileno(), "wb", closefd=False)
        watched = io.TextIOWrapper(
            descriptor if stream.write_through else io.BufferedWriter(descriptor),
            stream.encoding,
            "backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, watched)
