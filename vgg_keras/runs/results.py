"""`result.json` of a run, checked when it is read, so that nobody else has to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vgg_keras.errors import InputError
from vgg_keras.runs.files import read_json
from vgg_keras.runs.schema import mismatch


def read_result(directory: Path) -> dict[str, Any]:
    """Reads the result of a run.

    Raises:
        InputError: if there is none, or not one that a run has left.
    """
    file = directory / "result.json"
    result = read_json(file)
    wrong = mismatch(result, schema_of(result)) or contradiction(result)
    if wrong:
        raise InputError(
            f"{file}: expected a result as a run leaves it, received {wrong}; start another run"
        )
    return result


def result_so_far(directory: Path) -> dict[str, Any] | None:
    """The result so far; None if there is none yet."""
    return read_result(directory) if (directory / "result.json").exists() else None


def schema_of(result: Mapping[str, Any]) -> str:
    """The schema that a result should follow."""
    if "space" in result:
        return "search"
    return "benchmark" if "heats" in result else "compare"


def contradiction(result: Mapping[str, Any]) -> str | None:
    """What in a result contradicts itself, beyond what its schema forbids; None if nothing does."""
    runs = result.get("runs", [])
    for index, run in enumerate(runs):
        lists = [run["digests"], run["seconds_per_epoch"]]
        lists += [figures for part in ("history", "cumulative") for figures in run[part].values()]
        if any(len(figures) != run["epochs_done"] for figures in lists):
            return f"runs[{index}] with figures of more or fewer epochs than it has"
    digests = {(run["trainer"], run["seed"]): run["digests"] for run in runs}
    if len(digests) < len(runs):
        return "two runs of one trainer with the same seed"
    if "parity" not in result:
        return None
    trainers, seeds = ({key[part] for key in digests} for part in (0, 1))
    if len(trainers) != 2 or len(digests) != 2 * len(seeds):
        return "a verdict without a run of both trainers for each seed"
    first, second = trainers
    identical = all(digests[first, seed] == digests[second, seed] for seed in seeds)
    verdict, equivalence = result["parity"]["verdict"], result["equivalence"]
    if identical != (verdict == "identical"):
        return "a verdict that the digests contradict"
    words = ("equivalent", "different", "undecided") if verdict == "diverges" else (verdict,)
    if equivalence and equivalence["verdict"] not in words:
        return "two verdicts that contradict each other"
    return None
