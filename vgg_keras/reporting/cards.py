"""The facts at the top of a report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from vgg_keras.reporting import words
from vgg_keras.runs.chance import accuracy_interval
from vgg_keras.runs.results import CompareResult, Result, SearchResult, TrainResult


def cards(result: Result, directory: Path) -> dict[str, list[str]]:
    """What most readers look for, by name, in lines; nothing of what is not known.

    Args:
        result: The result of a run.
        directory: Its folder.
    """
    config = result.config
    limit = config.get("limit")
    images = f", the first {limit:,} training images" if isinstance(limit, int) else ""
    found = {
        "Test data": tests(result),
        "Data": [f"{config['dataset']}{images}"],
        "Model": [config.get("model", ""), parameters(result)],
        "Started": [(result.started or "")[:16].replace("T", " ")],
        "Saved model": [str(path) for path in models(result, directory)],
    }
    if isinstance(result, (TrainResult, SearchResult)):
        found["TensorBoard"] = [f"tensorboard --logdir {shlex.quote(str(directory))}"]
    lines = {name: [line for line in lines if line] for name, lines in found.items()}
    return {name: some for name, some in lines.items() if some}


def tests(result: Result) -> list[str]:
    """What was reached on the test data, and how far chance alone may move it."""
    lines: list[str] = []
    interval: Sequence[float] | None = None
    if isinstance(result, TrainResult) and result.runs:
        figure = "loss " if result.runs[0].test.correct is None else ""
        lines = [f"{name}: {figure}{text}" for name, text in words.reached(result).items()]
        interval = result.runs[0].test_interval
    elif isinstance(result, SearchResult) and result.best:
        test = result.best.test
        lines = [words.tested(test)]
        interval = None if test.correct is None else accuracy_interval(test.correct, test.total)
    chance = f"One model's by chance {words.chance(interval)} (95 % interval)"
    return [*lines, chance] if interval else lines


def parameters(result: Result) -> str:
    """The size of the model."""
    counts: list[int | None] = []
    if isinstance(result, TrainResult):
        counts = [run.parameters for run in result.runs[:1]]
    elif isinstance(result, SearchResult) and result.best:
        counts = [trial.parameters for trial in result.trials if trial.id == result.best.trial]
    return f"{counts[0]:,} parameters" if counts and counts[0] is not None else ""


def models(result: Result, directory: Path) -> list[Path]:
    """The models that the run has left in its folder, of a comparison those of the first seed."""
    homes = [directory]
    if isinstance(result, CompareResult):
        first = f"seed-{result.config['seed']}"
        homes = [directory / name.replace(":", "-") / first for name in result.names]
    names = ("model.keras", "model.weights.h5", "best.keras", "best.weights.h5")
    return [home / name for home in homes for name in names if (home / name).is_file()]
