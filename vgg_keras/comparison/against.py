"""A saved run, compared with as if it were trained now."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from vgg_keras.comparison.lockstep import Difference, compare_states
from vgg_keras.comparison.pairs import Run
from vgg_keras.config import CompareConfig, ModelConfig
from vgg_keras.config.base import option_of
from vgg_keras.config.variants import parse_variant
from vgg_keras.errors import InputError, require
from vgg_keras.reporting.write import command_of
from vgg_keras.runs.files import json_values
from vgg_keras.runs.results import read_result
from vgg_keras.runtime.machine import environment
from vgg_keras.training.directory import home_of
from vgg_keras.training.inference import load_model
from vgg_keras.training.snapshot import named_arrays

SAVED = "saved"
"""The name of its trainer in the result of the comparison."""

OF_NO_MATTER = ("seed", "logdir", "name", "save_every")


@dataclass(frozen=True)
class Saved:
    """A finished run of `train` or `compare`.

    Attributes:
        directory: of the run.
        result: its `result.json`.
        trainer: of the runs in it that are compared, as it names them.
    """

    directory: Path
    result: Mapping[str, Any]
    trainer: str

    @property
    def runs(self) -> dict[int, Run]:
        """The runs that are compared, by seed."""
        runs = [run for run in self.result["runs"] if run["trainer"] == self.trainer]
        return {run["seed"]: {**run, "trainer": SAVED} for run in runs}

    def about(self, config: CompareConfig) -> dict[str, Any]:
        """`against` of `result.json`: what is compared with, and what is other now."""
        before = _facts(self.result["config"], self.trainer, self.result["environment"])
        now = _facts(json_values(config.to_dict()), config.contestants[0], environment())
        return {
            "directory": str(self.directory),
            "trainer": self.trainer,
            "changed": {
                fact: [before[fact], now[fact]]
                for fact in now
                if fact in before and before[fact] != now[fact]
            },
        }

    def difference(self, seed: int, epoch: int, model: Path) -> Difference:
        """Where another training parts from the saved one.

        Args:
            seed: of both.
            epoch: after which the digests first differ.
            model: that the other one left.

        Returns:
            The epoch, and the first variable of the final weights that differs, if there is one
            and both models can still be loaded.
        """
        alone = command_of(self.result) == "train"
        home = self.directory if alone else home_of(self.directory, self.trainer, f"seed-{seed}")
        with suppress(InputError):
            states = [
                {"weights": named_arrays(load_model(path).variables)}
                for path in (home / "model.keras", model)
            ]
            if difference := compare_states((epoch, None, "epoch"), *states):
                return difference
        return Difference(epoch, None, "epoch")


def load_saved(config: CompareConfig, test_images: int) -> Saved:
    """Loads the run that `--against` names.

    Of a comparison its first trainer counts, or the one that is trained now if it is the second.

    Args:
        config: of the comparison.
        test_images: how many there are now.

    Raises:
        InputError: if there is no such run, or it cannot be compared with.
    """
    directory = Path(str(config.against))
    expected = "the folder of a run of train or compare"
    try:
        result = read_result(directory)
    except InputError as error:
        received = f"{directory} ({error})"
        raise InputError(f"--against: expected {expected}, received {received}") from error
    require(command_of(result) in ("train", "compare"), "--against", expected, directory)
    status, names = result["status"], [run["trainer"] for run in result["runs"]]
    received = f"{directory}, which is {status}; go on with it first"
    require(status == "finished", "--against", "a run that is finished", received)
    names = [name for name in names if name != SAVED]
    asked = (config.variants or names)[0]
    saved = Saved(directory, result, asked if asked in names else names[0])
    for seed in range(config.seed, config.seed + config.seeds):
        expected = f"seeds of {directory}: {', '.join(map(str, saved.runs))}"
        require(seed in saved.runs, "--seeds", expected, seed)
    total = saved.runs[config.seed]["test"]["total"]
    expected = f"a run with {test_images} test images, as --dataset and --limit give now"
    require(total == test_images, "--against", expected, f"{directory} with {total}")
    return saved


def _facts(config: Mapping[str, Any], variant: str, machine: Mapping[str, Any]) -> dict[str, Any]:
    trainer, changes = parse_variant(variant)
    asked = {**config, **changes, "trainer": trainer}
    names = [field.name for field in fields(ModelConfig) if field.name not in OF_NO_MATTER]
    options = {option_of(name): asked[name] for name in ("trainer", *names) if name in asked}
    versions = {name: value for name, value in machine.items() if name != "packages"}
    return {**options, **versions, **machine["packages"]}
