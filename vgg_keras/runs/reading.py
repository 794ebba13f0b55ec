"""`result.json` of a run, checked when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vgg_keras.errors import InputError, require
from vgg_keras.runs.files import read_json
from vgg_keras.runs.record import from_json
from vgg_keras.runs.results import RESULTS, SCHEMA, CompareResult, Result, TrainResult
from vgg_keras.runs.schema import mismatch


def read_result(directory: Path) -> Any:
    """Reads the result of a run.

    Returns:
        An object of the class of its command in `RESULTS`.

    Raises:
        InputError: If there is none, or not one that a run of this version has left.
    """
    file = directory / "result.json"
    value = read_json(file)
    old = value.get("schema") == 1
    received = "schema 1, which is that of version 0.1; use that version, or start another run"
    require(not old, str(file), f"a result of schema {SCHEMA}", received)
    command = value.get("command")
    known = isinstance(command, str) and command in RESULTS
    received = f"{command!r}; start another run"
    require(known, str(file), f"a result of {', '.join(RESULTS)} in command", received)
    wrong = mismatch(value, str(command))
    if not wrong:
        result = from_json(RESULTS[str(command)], value)
        wrong = contradiction(result)
    if wrong:
        raise InputError(
            f"{file}: expected a result as a run leaves it, received {wrong}; start another run"
        )
    return result


def result_so_far(directory: Path) -> Any:
    """The result so far; None if there is none yet."""
    return read_result(directory) if (directory / "result.json").exists() else None


def contradiction(result: Result) -> str | None:
    """What in a result contradicts itself, beyond what its schema forbids; None if nothing does."""
    if not isinstance(result, TrainResult):
        return None
    for index, run in enumerate(result.runs):
        lists: list[list[Any]] = [run.digests, run.seconds_per_epoch]
        lists += [*run.history.values(), *run.cumulative.values()]
        if any(len(figures) != run.epochs_done for figures in lists):
            return f"runs[{index}] with figures of more or fewer epochs than it has"
    digests = {(run.trainer, run.seed): run.digests for run in result.runs}
    if len(digests) < len(result.runs):
        return "two runs of one trainer with the same seed"
    if not isinstance(result, CompareResult) or result.parity is None:
        return None
    seeds = {seed for _, seed in digests}
    if len(result.names) != 2 or len(digests) != 2 * len(seeds):
        return "a verdict without a run of both trainers for each seed"
    first, second = result.names
    identical = all(digests[first, seed] == digests[second, seed] for seed in seeds)
    verdict, equivalence = result.parity.verdict, result.equivalence
    if identical != (verdict == "identical"):
        return "a verdict that the digests contradict"
    words = ("equivalent", "different", "undecided") if verdict == "diverges" else (verdict,)
    if equivalence and equivalence.verdict not in words:
        return "two verdicts that contradict each other"
    return None
