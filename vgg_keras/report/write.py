"""Writes the report of a run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vgg_keras.errors import InputError
from vgg_keras.report import benchmark, search, training, words
from vgg_keras.report.page import Section, write_page


def write_report(directory: Path) -> Path:
    """Writes `report.html` from the `result.json` of a run.

    Args:
        directory: of the run.

    Returns:
        The file.

    Raises:
        InputError: if there is no result, or not one that can be read.
    """
    file = directory / "result.json"
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
        config, command = result["config"], command_of(result)
        kind = {"search": search, "benchmark": benchmark}.get(command, training)
        verdict = kind.verdict(result)
        sections = [*kind.sections(result), *about(result, command, directory)]
        name = config["name"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"path: expected a run with a result.json, received {file} ({error!r})"
        ) from error
    path = directory / "report.html"
    write_page(path, f"vgg_keras {command}: {name}", verdict, sections)
    return path


def command_of(result: Mapping[str, Any]) -> str:
    """The command that left a result."""
    if "space" in result:
        return "search"
    if "heats" in result:
        return "benchmark"
    return "compare" if "seeds" in result["config"] else "train"


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
