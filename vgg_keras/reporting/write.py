"""Writes the report of a run."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

from vgg_keras.errors import InputError
from vgg_keras.reporting import benchmark, cards, diagnose, search, training, words
from vgg_keras.reporting.page import STYLE, Section, write_page
from vgg_keras.runs.reading import read_result, result_so_far
from vgg_keras.runs.results import Result
from vgg_keras.runtime.drawing import own_style

KINDS: dict[str, ModuleType] = {
    "train": training,
    "compare": training,
    "search": search,
    "benchmark": benchmark,
    "diagnose": diagnose,
}
"""What knows the sections of each command's report."""


def write_report(directory: str | Path) -> Path:
    """Writes `report.html` from the `result.json` of a run.

    Args:
        directory: Folder of the run.

    Returns:
        The file.

    Raises:
        InputError: If there is no result, or not one that a run has left, or the report cannot be
            written.
    """
    directory = Path(os.path.expanduser(directory))
    result = read_result(directory)
    kind = KINDS[result.command]
    path = directory / "report.html"
    title = f"vgg_keras {result.command}: {result.config['name']}"
    with own_style(STYLE):
        sections = [*kind.sections(result), *about(result, directory)]
    try:
        write_page(path, title, kind.verdict(result), cards.cards(result, directory), sections)
    except OSError as error:
        again = f"vgg-keras report {shlex.quote(str(directory))}"
        raise InputError(
            f"{path}: expected a file that can be written, received {error}; mend it, then {again}"
        ) from error
    return path


def finished(directory: Path) -> Any:
    """The result of a run that is finished, and then has its report; None if it is not."""
    result = result_so_far(directory)
    if result is None or result.status != "finished":
        return None
    if not (directory / "report.html").exists():
        write_report(directory)
    return result


def about(result: Result, directory: Path) -> list[Section]:
    """How to repeat the run, and where it ran."""
    environment = dict(result.environment)
    packages = environment.pop("packages")
    facts = {key: words.text(value) for key, value in {**environment, **packages}.items()}
    config = {key: words.text(value) for key, value in result.config.items() if value is not None}
    file = shlex.quote(str(directory / "config.json"))
    code = f"vgg-keras {result.command} --config {file} --name AGAIN"
    resumed = words.resumed(result)
    return [
        *([Section("Resumed on another machine", resumed)] if resumed else []),
        Section("To repeat it", code=code),
        Section("Configuration", facts=config),
        Section("Environment", facts=facts),
    ]
