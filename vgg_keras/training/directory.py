"""The directory of trainings, new or gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vgg_keras.config import ModelConfig
from vgg_keras.errors import InconclusiveError, require
from vgg_keras.reporting.write import write_report
from vgg_keras.runs.directory import create_run_directory, find_run_directory
from vgg_keras.runs.reading import result_so_far
from vgg_keras.runs.result_file import ResultFile

MAY_DIFFER = ("epochs", "save_every", "logdir", "name")
"""Options of a resumed training that may differ; epochs may only be more."""


def open_directory(config: ModelConfig, command: str, resume: bool) -> Path:
    """Makes the directory of new trainings, or finds that of trainings to go on with.

    Raises:
        InputError: If there cannot be one, or there is none.
    """
    if not resume:
        return create_run_directory(config.logdir, command, config.name)
    directory = find_run_directory(config, command, MAY_DIFFER)
    if old := result_so_far(directory):
        epochs, ended = old.config["epochs"], bool(old.runs)
        expected = f"{epochs}, as when it was started" + ("" if ended else ", or more")
        same = config.epochs == epochs or (config.epochs > epochs and not ended)
        require(same, "--epochs", expected, config.epochs)
    return directory


def home_of(directory: Path, variant: str, part: str) -> Path:
    """The folder of one training of a comparison, such as `fit-bfloat16/seed-0`."""
    return directory / variant.replace(":", "-") / part


@contextmanager
def reported(directory: Path, config: ModelConfig, **parts: Any) -> Iterator[ResultFile]:
    """Keeps the result of trainings, with those that were finished before, and reports it.

    Args:
        directory: Folder of the run.
        config: Configuration of the run.
        **parts: Names of fields that are kept of the result so far.

    Yields:
        The file of the result, which has what was finished before.
    """
    old = result_so_far(directory)
    kept = {name: getattr(old, name) for name in parts} if old else {}
    file: ResultFile = ResultFile(directory, config, **{**parts, **kept})
    try:
        with file:
            yield file
    except InconclusiveError:
        write_report(directory)
        raise
    write_report(directory)
