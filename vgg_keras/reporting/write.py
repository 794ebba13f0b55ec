"""Writes the report of a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vgg_keras.reporting import benchmark, search, training, words
from vgg_keras.reporting.page import Section, write_page
from vgg_keras.runs.results import read_result, result_so_far, schema_of


def write_report(directory: Path) -> Path:
    """Writes `report.html` from the `result.json` of a run.

    Args:
        directory: of the run.

    Returns:
        The file.

    Raises:
        InputError: if there is no result, or not one that a run has left.
    """
    result = read_result(directory)
    command = command_of(result)
    kind = {"search": search, "benchmark": benchmark}.get(command, training)
    sections = [*kind.sections(result), *about(result, command, directory)]
    path = directory / "report.html"
    title = f"vgg_keras {command}: {result['config']['name']}"
    write_page(path, title, kind.verdict(result), sections)
    return path


def finished(directory: Path) -> dict[str, Any] | None:
    """The result of a run that is finished, and then has its report; None if it is not."""
    result = result_so_far(directory)
    if result is None or result["status"] != "finished":
        return None
    if not (directory / "report.html").exists():
        write_report(directory)
    return result


def command_of(result: Mapping[str, Any]) -> str:
    """The command that left a result."""
    schema = schema_of(result)
    return "train" if schema == "compare" and "seeds" not in result["config"] else schema


def about(result: Mapping[str, Any], command: str, directory: Path) -> list[Section]:
    """How to repeat the run, and where it ran."""
    environment = dict(result["environment"])
    packages = environment.pop("packages")
    rows = [[key, words.text(value)] for key, value in {**environment, **packages}.items()]
    config = [
        [key, words.text(value)] for key, value in result["config"].items() if value is not None
    ]
    file = shlex.quote(str(directory / "config.json"))
    code = f"vgg-keras {command} --config {file} --name AGAIN"
    return [
        Section("To repeat it", code=code),
        Section("Configuration", head=["Option", "Value"], rows=config),
        Section("Environment", head=["What", "Value"], rows=rows),
    ]
