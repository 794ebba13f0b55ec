"""Starts TensorFlow without its start-up lines."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silent_startup() -> Iterator[None]:
    """Keeps TensorFlow's start-up lines off the terminal.

    TensorFlow 2.21 writes them to file descriptor 2, whatever its environment variables say, so
    the descriptor itself is turned away, and given back with what was written if an error comes.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            file.seek(0)
            os.write(terminal, file.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
