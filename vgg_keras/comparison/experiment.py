"""Trains two variants from the same weights on the same batches, and compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import keras

from vgg_keras.comparison.against import SAVED, load_saved
from vgg_keras.comparison.directory import finished, home_of, open_directory, reported
from vgg_keras.comparison.equivalence import equivalence
from vgg_keras.comparison.lockstep import Difference, first_difference
from vgg_keras.comparison.noise import repetition, within_noise
from vgg_keras.comparison.pairs import Pair, Run, pair_runs
from vgg_keras.comparison.parity import certify
from vgg_keras.comparison.run import build_vgg, load_checked, make_batches, run_once
from vgg_keras.comparison.timing import speed
from vgg_keras.config import CompareConfig, TrainConfig
from vgg_keras.datasets import Arrays
from vgg_keras.lists import Variants
from vgg_keras.recording.saved import remove_states
from vgg_keras.trainers import TRAINERS, Trainer


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
    names = (SAVED, *config.contestants) if saved else config.contestants

    def train(name: str, seed: int, part: str) -> dict[str, Any]:
        training, home = config.training(name, seed), home_of(directory, name, part)
        return run_once(name, trainers[training.trainer], training, arrays, home, verbose)

    def difference(seed: int, epoch: int) -> Difference:
        if saved:
            home = home_of(directory, names[1], f"seed-{seed}")
            return saved.difference(seed, epoch, home / "model.keras")
        if verbose:
            print(f"They part in epoch {epoch}; replaying it step by step to find where.")
        replayed = [replace(config.training(name, seed), epochs=epoch) for name in names]
        return locate(replayed, arrays, trainers) or Difference(epoch, None, "unrepeatable")

    with reported(directory, config) as result:
        ended = {(run["trainer"], run["seed"]): run for run in result.value["runs"]}
        if saved:
            ended |= {(SAVED, seed): run for seed, run in saved.runs.items()}
            result.update(against=saved.about(config))
        runs: list[Run] = []
        for index, seed in enumerate(range(config.seed, config.seed + config.seeds)):
            for name in names[:: -1 if index % 2 else 1]:
                part = f"seed-{seed}"
                runs.append(ended.get((name, seed)) or train(name, seed, part))
                result.update(runs=runs)
                remove_states(home_of(directory, name, part))

        repetitions = {}
        for first in runs[:2] if config.self_check else ():
            name = first["trainer"]
            if name != SAVED:
                repetitions[name] = repetition(first, train(name, config.seed, "self-check"))
                result.update(self_check=repetitions)
                remove_states(home_of(directory, name, "self-check"))

        pairs = pair_runs(runs)
        parity = judge(pairs, repetitions, difference)
        result.update(
            parity=parity,
            equivalence=equivalence(pairs, parity["verdict"], config.margin, arrays.classes)
            if len(pairs) > 1
            else None,
            speed=None if saved else speed(pairs),
        )
    return result.value


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
        return lambda pace: trainers[config.trainer](model, batches, config, [pace], 0)

    return first_difference([replay(config) for config in configs])
