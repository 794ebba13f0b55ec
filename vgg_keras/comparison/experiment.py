"""Trains two variants from the same weights on the same batches, and compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras

from vgg_keras.comparison.against import SAVED, Saved, load_saved
from vgg_keras.comparison.equivalence import equivalence
from vgg_keras.comparison.lockstep import Difference, first_difference
from vgg_keras.comparison.noise import repetition, within_noise
from vgg_keras.comparison.pairs import Pair, Run, pair_runs
from vgg_keras.comparison.parity import certify
from vgg_keras.comparison.speed import speed
from vgg_keras.config import CompareConfig, TrainConfig
from vgg_keras.config.lists import Variants
from vgg_keras.datasets import Arrays
from vgg_keras.reporting.write import finished
from vgg_keras.runs.directory import Result
from vgg_keras.trainers import TRAINERS, Trainer
from vgg_keras.training.directory import home_of, open_directory, reported
from vgg_keras.training.run import (
    build_vgg,
    load_checked,
    make_batches,
    run_once,
    run_trainer,
)
from vgg_keras.training.saved import remove_states


def compare(
    config: CompareConfig,
    verbose: int = 0,
    trainers: Mapping[str, Trainer] = TRAINERS,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains two variants from the same weights on the same batches, and compares them.

    Args:
        config: what to train, how, for which seeds, and where to keep it.
        verbose: of the progress: 0 none, 1 a bar, 2 a line an epoch.
        trainers: that the variants name, `tape` and `fit`.
        resume: go on with the comparison of that name, which was interrupted.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: if the configuration cannot be run, and nothing was written then; or if a file
            could not be written.
        InconclusiveError: if a training diverged.
    """
    arrays = load_checked(config)
    saved = load_saved(config, len(arrays.x_test)) if config.against is not None else None
    if saved and config.variants is None:
        config = replace(config, variants=Variants([saved.trainer]))
    directory = open_directory(config, "compare", resume)
    if old := finished(directory):
        return old
    experiment = Experiment(config, arrays, trainers, directory, saved, verbose)
    with reported(directory, config) as result:
        if saved:
            result.update(against=saved.about(config))
        runs = experiment.train_all(result)
        repetitions = experiment.repeat(runs[:2], result) if config.self_check else {}
        pairs = pair_runs(runs)
        parity = judge(pairs, repetitions, experiment.difference)
        result.update(
            parity=parity,
            equivalence=equivalence(pairs, parity["verdict"], config.margin, arrays.classes)
            if len(pairs) > 1
            else None,
            speed=None if saved else speed(pairs),
        )
    return result.value


@dataclass(frozen=True)
class Experiment:
    """The trainings of a comparison.

    Attributes:
        config: of the comparison.
        arrays: to train on.
        trainers: that the variants name.
        directory: gets a folder for each training.
        saved: a run that takes the place of the first variant; None if both are trained.
        verbose: of the progress.
    """

    config: CompareConfig
    arrays: Arrays
    trainers: Mapping[str, Trainer]
    directory: Path
    saved: Saved | None
    verbose: int

    @property
    def names(self) -> tuple[str, ...]:
        """The two that are compared."""
        return (SAVED, *self.config.contestants) if self.saved else self.config.contestants

    def train_all(self, result: Result) -> list[Run]:
        """Trains what has not ended yet, seed by seed; which of the two is first alternates.

        Args:
            result: holds the runs that have ended, and gets the others.

        Returns:
            All runs.
        """
        ended = {(run["trainer"], run["seed"]): run for run in result.value["runs"]}
        if self.saved:
            ended |= {(SAVED, seed): run for seed, run in self.saved.runs.items()}
        runs: list[Run] = []
        for index, seed in enumerate(range(self.config.seed, self.config.seed + self.config.seeds)):
            for name in self.names[:: -1 if index % 2 else 1]:
                part = f"seed-{seed}"
                run = ended.get((name, seed)) or self._train(name, seed, part)
                runs.append(run)
                if (name, seed) not in ended:
                    result.update(runs=runs)
                remove_states(home_of(self.directory, name, part))
        result.update(runs=runs)
        return runs

    def repeat(self, runs: Sequence[Run], result: Result) -> dict[str, Any]:
        """Trains runs of the first seed again, but a saved one, and compares each with itself.

        Args:
            runs: one of each of the two.
            result: gets `self_check`.

        Returns:
            That.
        """
        repetitions = dict(result.value.get("self_check", {}))
        for first in runs:
            name = first["trainer"]
            if name not in (SAVED, *repetitions):
                again = self._train(name, self.config.seed, "self-check")
                repetitions[name] = repetition(first, again)
                result.update(self_check=repetitions)
            remove_states(home_of(self.directory, name, "self-check"))
        return repetitions

    def difference(self, seed: int, epoch: int) -> Difference:
        """Finds the first difference of a seed and an epoch in which the two part."""
        if self.saved:
            home = home_of(self.directory, self.names[1], f"seed-{seed}")
            return self.saved.difference(seed, epoch, home / "model.keras")
        if self.verbose:
            print(f"They part in epoch {epoch}; replaying it step by step to find where.")
        replayed = [replace(self.config.training(name, seed), epochs=epoch) for name in self.names]
        found = locate(replayed, self.arrays, self.trainers)
        return found or Difference(epoch, None, "unrepeatable")

    def _train(self, name: str, seed: int, part: str) -> dict[str, Any]:
        training, home = self.config.training(name, seed), home_of(self.directory, name, part)
        trainer = self.trainers[training.trainer]
        return run_once(name, trainer, training, self.arrays, home, self.verbose)


def judge(
    pairs: Sequence[Pair],
    repetitions: Mapping[str, Mapping[str, Any]],
    find: Callable[[int, int], Difference],
) -> dict[str, Any]:
    """Certifies that pairs of runs agree, or finds where the first of them part.

    Args:
        pairs: runs of both, one a seed.
        repetitions: of each trainer, beside itself; empty if there was none.
        find: gives the first difference of a seed and an epoch in which they part.

    Returns:
        `parity` of `result.json`.
    """
    parity = certify([(a["digests"], b["digests"]) for a, b in pairs])
    verdict, difference = parity.verdict, None
    if parity.parted and within_noise(pairs, repetitions):
        verdict = "indistinguishable"
    elif parity.parted:
        pair, epoch = parity.parted
        difference = find(pairs[pair][0]["seed"], epoch)
    return {
        "verdict": verdict,
        "epochs_compared": parity.epochs_compared,
        "first_difference": asdict(difference) if difference else None,
    }


def locate(
    configs: Sequence[TrainConfig], arrays: Arrays, trainers: Mapping[str, Trainer]
) -> Difference | None:
    """Repeats two trainings in lockstep until they differ.

    Returns:
        The first difference; None if this time they agree, so that one is not repeatable.
    """

    def replay(config: TrainConfig) -> Callable[[keras.callbacks.Callback], None]:
        model, batches = build_vgg(config, arrays), make_batches(config, arrays)
        trainer = trainers[config.trainer]
        return lambda pace: run_trainer(trainer, model, batches, config, [pace])

    return first_difference([replay(config) for config in configs])
