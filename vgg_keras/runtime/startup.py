"""Starts TensorFlow without its start-up lines."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def silent_startup() -> Iterator[None]:
    """Keeps TensorFlow's start-up lines off the terminal, and leaves the environment as it was.

    TensorFlow 2.21 writes them to file descriptor 2, whatever its environment variables say, so
    the descriptor itself is redirected. What was written appears if an error comes.
    """
    before = os.environ.get(LOG_LEVEL)
    os.environ.setdefault(LOG_LEVEL, "3")
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
            if before is None:
                del os.environ[LOG_LEVEL]
