"""Matplotlib, whatever it is set to.

Import this before anything that imports Matplotlib, as Keras does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

BACKEND = "MPLBACKEND"

_backend = None if "matplotlib" in sys.modules else os.environ.pop(BACKEND, None)

import matplotlib  # noqa: E402

if _backend:
    os.environ[BACKEND] = _backend
    with suppress(ValueError):  # the backend of a notebook, whose package is not installed here
        matplotlib.rcParams["backend"] = _backend


@contextmanager
def own_style(changes: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Draws as Matplotlib does by default, whatever the user's `matplotlibrc` says.

    Args:
        changes: Parameters that differ.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(changes or {})
        yield
