"""The directory of trainings, new or gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vgg_keras.config import ModelConfig
from vgg_keras.errors import InconclusiveError, require
from vgg_keras.reporting.write import write_report
from vgg_keras.runs.directory import Result, create_run_directory, find_run_directory
from vgg_keras.runs.results import result_so_far

MAY_DIFFER = ("epochs", "save_every", "logdir", "name")
"""What a resumed training may be asked for in another way; epochs may only be more."""


def open_directory(config: ModelConfig, command: str, resume: bool) -> Path:
    """Makes the directory of new trainings, or finds that of trainings to go on with.

    Raises:
        InputError: if there cannot be one, or there is none.
    """
    if not resume:
        return create_run_directory(config.logdir, command, config.name)
    directory = find_run_directory(config, command, MAY_DIFFER)
    if old := result_so_far(directory):
        epochs, ended = old["config"]["epochs"], bool(old["runs"])
        expected = f"{epochs}, as when it was started" + ("" if ended else ", or more")
        same = config.epochs == epochs or (config.epochs > epochs and not ended)
        require(same, "--epochs", expected, config.epochs)
    return directory


def home_of(directory: Path, variant: str, part: str) -> Path:
    """The folder of one training of a comparison, such as `fit-bfloat16/seed-0`."""
    return directory / variant.replace(":", "-") / part


@contextmanager
def reported(directory: Path, config: ModelConfig) -> Iterator[Result]:
    """Keeps the result of trainings, with those that were finished before, and reports it.

    Yields:
        The result, whose `runs` and `self_check` are those that were finished before.
    """
    result = Result(directory, config, runs=[])
    old = result_so_far(directory) or {}
    result.value |= {part: old[part] for part in ("runs", "self_check") if part in old}
    try:
        with result:
            yield result
    except InconclusiveError:
        write_report(directory)
        raise
    write_report(directory)
