"""The design of a run, to train it again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vgg_keras.config.base import MOST_FILTERS
from vgg_keras.errors import InputError, require
from vgg_keras.runs.reading import read_result
from vgg_keras.runs.results import SearchResult

OPTIONS = (
    "model",
    "filters",
    "convolutions",
    "dense",
    "learning_rate",
    "hyperparameters",
    "batch_size",
    "precision",
    "dataset",
)
"""What a design consists of."""


def design_of(directory: str | Path) -> dict[str, Any]:
    """The options with which a run has the design of another one.

    Args:
        directory: Folder of a run; of a search the best design counts.

    Raises:
        InputError: If there is no such run, or it has none.
    """
    directory = Path(os.path.expanduser(directory))
    try:
        result = read_result(directory)
    except InputError as error:
        expected = "the folder of a run"
        raise InputError(f"--from: expected {expected}, received {directory} ({error})") from error
    config = result.config
    design = {name: config[name] for name in OPTIONS if config.get(name) is not None}
    if not isinstance(result, SearchResult):
        return design
    best = result.best
    if best is None:
        expected = "a search with a completed trial"
        raise InputError(f"--from: expected {expected}, received {directory}")
    if ":" in config["model"]:
        return {**design, "hyperparameters": best.values}
    values = {**fixed(config), **best.values}
    missing = ", ".join({"blocks", "convolutions", "dense", "learning_rate"} - values.keys())
    require(not missing, "--from", "a whole design, as a search leaves it", f"none of {missing}")
    count, expected = values["blocks"], f"a number of blocks from 1 to {MOST_FILTERS}"
    whole = isinstance(count, int) and 1 <= count <= MOST_FILTERS
    require(whole, "--from", expected, count)
    blocks = range(1, count + 1)
    return {
        **design,
        "filters": [values.get(f"filters_{block}", values.get("filters")) for block in blocks],
        "convolutions": values["convolutions"],
        "dense": values["dense"],
        "learning_rate": values["learning_rate"],
        "batch_size": values.get("batch_size", config["batch_size"]),
    }


def fixed(config: dict[str, Any]) -> dict[str, Any]:
    """The values that a search has not varied, because it had one choice."""
    names = ("filters", "blocks", "convolutions", "dense", "learning_rate")
    choices = {name: config[f"{name}_choices"] for name in names}
    return {name: values[0] for name, values in choices.items() if len(values) == 1}
