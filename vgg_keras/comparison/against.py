"""A saved run, compared with as if it were trained now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from vgg_keras.comparison.lockstep import compare_snapshots
from vgg_keras.config import CompareConfig, ModelConfig
from vgg_keras.config.base import FILLED_IN, option_of
from vgg_keras.config.variants import parse_variant
from vgg_keras.errors import InputError, require
from vgg_keras.models.saved import load_model
from vgg_keras.runs.files import json_values
from vgg_keras.runs.reading import read_result
from vgg_keras.runs.results import Against, CompareResult, Difference, Run, TrainResult
from vgg_keras.runtime.machine import environment, facts_of
from vgg_keras.training.directory import home_of
from vgg_keras.training.parts import Parts
from vgg_keras.training.snapshot import Snapshot

SAVED = "saved"
"""The name of its trainer in the result of the comparison."""

IRRELEVANT = ("seed", "logdir", "name", "save_every")
"""Options in which two runs may differ."""


@dataclass(frozen=True)
class Saved:
    """A finished run of `train` or `compare`.

    Attributes:
        directory: Folder of the run.
        result: Its result.
        trainer: Trainer of the runs in it that are compared, as it names it.
    """

    directory: Path
    result: TrainResult
    trainer: str

    @property
    def runs(self) -> dict[int, Run]:
        """The runs that are compared, by seed."""
        runs = [run for run in self.result.runs if run.trainer == self.trainer]
        return {run.seed: replace(run, trainer=SAVED) for run in runs}

    def check_tests(self, count: int, seed: int) -> None:
        """Checks that the run was tested on as many images as there are now.

        Raises:
            InputError: If it was not.
        """
        total = self.runs[seed].test.total
        expected = f"a run with {count} test images, as --dataset and --limit give now"
        require(total == count, "--against", expected, f"{self.directory} with {total}")

    def about(self, config: CompareConfig) -> Against:
        """What is compared with, and what differs now."""
        before = _facts(self.result.config, self.trainer, self.result.environment)
        now = _facts(json_values(config.to_dict()), config.all_variants[0], environment())
        changed = {
            fact: [before[fact], now[fact]]
            for fact in now
            if fact in before and before[fact] != now[fact]
        }
        return Against(str(self.directory), self.trainer, changed)

    def difference(self, seed: int, epoch: int, model: Path, parts: Parts) -> Difference:
        """Where another training diverges from the saved one.

        Args:
            seed: Seed of both.
            epoch: Epoch after which the digests first differ.
            model: Model that the other one left.
            parts: What it was made of.

        Returns:
            The epoch, and the first variable of the final weights that differs, if there is one
            and both models can still be loaded.
        """
        alone = not isinstance(self.result, CompareResult)
        home = self.directory if alone else home_of(self.directory, self.trainer, f"seed-{seed}")
        with suppress(InputError):
            first, second = (
                Snapshot(weights=Snapshot.take(load_model(path, parts.factory)).weights)
                for path in (home / "model.keras", model)
            )
            if difference := compare_snapshots((epoch, None, "epoch"), first, second):
                return difference
        return Difference(epoch, None, "epoch")


def load_saved(config: CompareConfig) -> Saved:
    """Loads the run that `--against` names.

    Of a comparison its first trainer counts, or the one that is trained now if it is the second.

    Args:
        config: Configuration of the comparison.

    Raises:
        InputError: If there is no such run, or it cannot be compared with.
    """
    directory = Path(os.path.expanduser(str(config.against)))
    expected = "the folder of a run of train or compare"
    try:
        result = read_result(directory)
    except InputError as error:
        received = f"{directory} ({error})"
        raise InputError(f"--against: expected {expected}, received {received}") from error
    require(isinstance(result, TrainResult), "--against", expected, directory)
    received = f"{directory}, which is {result.status}; go on with it first"
    require(result.status == "finished", "--against", "a run that is finished", received)
    names = [run.trainer for run in result.runs if run.trainer != SAVED]
    asked = (config.variants or names)[0]
    saved = Saved(directory, result, asked if asked in names else names[0])
    for seed in range(config.seed, config.seed + config.seeds):
        expected = f"seeds of {directory}: {', '.join(map(str, saved.runs))}"
        require(seed in saved.runs, "--seeds", expected, seed)
    return saved


def _facts(config: Mapping[str, Any], variant: str, machine: Mapping[str, Any]) -> dict[str, Any]:
    parsed = parse_variant(variant)
    asked = {**config, **parsed.changes, "trainer": parsed.trainer}
    left_out = (*IRRELEVANT, *FILLED_IN)
    names = [field.name for field in fields(ModelConfig) if field.name not in left_out]
    options = {option_of(name): asked[name] for name in ("trainer", *names) if name in asked}
    data = {"data": (config.get("data_facts") or {}).get("sha256")}
    return {**options, **data, **(config.get("sources") or {}), **facts_of(machine)}
