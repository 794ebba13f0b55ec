"""The environment variables that make a tuner of KerasTuner a worker of a chief."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLES = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")


@contextmanager
def chief_variables(*values: str) -> Iterator[None]:
    """Sets KerasTuner's variables, and gives them back as they were; also a decorator.

    Args:
        *values: The values of `VARIABLES`; none to run without a chief, whatever was set before.
    """
    before = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    os.environ.update(zip(VARIABLES, values, strict=False))
    try:
        yield
    finally:
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(before)
