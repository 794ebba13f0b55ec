"""Trains with both trainers from the same weights on the same batches, and compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import keras

from vgg_keras.comparison.directory import finished, open_directory, reported
from vgg_keras.comparison.equivalence import equivalence
from vgg_keras.comparison.lockstep import Difference, first_difference
from vgg_keras.comparison.noise import repetition, within_noise
from vgg_keras.comparison.pairs import Pair, pair_runs
from vgg_keras.comparison.parity import certify
from vgg_keras.comparison.run import build_vgg, load_checked, make_batches, run_once
from vgg_keras.comparison.timing import speed
from vgg_keras.config import CompareConfig, ModelConfig
from vgg_keras.datasets import Arrays
from vgg_keras.recording.saved import remove_states
from vgg_keras.trainers import TRAINERS, Trainer


def compare(
    config: CompareConfig,
    verbose: int = 0,
    trainers: Mapping[str, Trainer] = TRAINERS,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains with both trainers from the same weights on the same batches, and compares them.

    Args:
        config: what to train, how, for which seeds, and where to keep it.
        verbose: of the progress: 0 none, 1 a bar, 2 a line an epoch.
        trainers: the two to compare, under the names `tape` and `fit`.
        resume: go on with the comparison of that name, which was interrupted.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: if the configuration cannot be run, and nothing was written then; or if a file
            could not be written.
        InconclusiveError: if a training diverged.
    """
    arrays = load_checked(config)
    directory = open_directory(config, "compare", resume)
    if old := finished(directory):
        return old
    seeds = range(config.seed, config.seed + config.seeds)
    with reported(directory, config) as result:
        runs: list[dict[str, Any]] = []
        ended = {(run["trainer"], run["seed"]): run for run in result.value["runs"]}
        for index, seed in enumerate(seeds):
            in_turn = list(trainers.items())[:: -1 if index % 2 else 1]
            for name, trainer in in_turn:
                home = directory / name / f"seed-{seed}"
                seeded = replace(config, seed=seed)
                run = ended.get((name, seed))
                runs.append(run or run_once(name, trainer, seeded, arrays, home, verbose))
                result.update(runs=runs)
                remove_states(home)

        repetitions = {}
        for first in runs[:2] if config.self_check else ():
            name = first["trainer"]
            home = directory / name / "self-check"
            second = run_once(name, trainers[name], config, arrays, home, verbose)
            repetitions[name] = repetition(first, second)
            result.update(self_check=repetitions)
            remove_states(home)

        pairs = pair_runs(runs)
        parity = judge(pairs, repetitions, config, arrays, trainers, verbose)
        result.update(
            parity=parity,
            equivalence=equivalence(pairs, parity["verdict"], config.margin, arrays.classes)
            if len(pairs) > 1
            else None,
            speed=speed(pairs),
        )
    return result.value


def judge(
    pairs: Sequence[Pair],
    repetitions: Mapping[str, Mapping[str, Any]],
    config: CompareConfig,
    arrays: Arrays,
    trainers: Mapping[str, Trainer],
    verbose: int,
) -> dict[str, Any]:
    """Certifies that pairs of runs agree, or finds where the first of them part.

    Args:
        pairs: runs of tape and fit, one a seed.
        repetitions: of each trainer, beside itself; empty if there was none.
        config: of the comparison.
        arrays: that were trained on.
        trainers: that were compared.
        verbose: 0 silent, else a line before a replay.

    Returns:
        `parity` of `result.json`.
    """
    parity = certify([(a["digests"], b["digests"]) for a, b in pairs])
    verdict, difference = parity.verdict, None
    if parity.parted and within_noise(pairs, repetitions):
        verdict = "indistinguishable"
    elif parity.parted:
        pair, epoch = parity.parted
        replayed = replace(config, seed=pairs[pair][0]["seed"], epochs=epoch)
        if verbose:
            print(f"They part in epoch {epoch}; replaying it step by step to find where.")
        difference = locate(replayed, arrays, trainers) or Difference(epoch, None, "unrepeatable")
    return {
        "verdict": verdict,
        "epochs_compared": parity.epochs_compared,
        "first_difference": asdict(difference) if difference else None,
    }


def locate(
    config: ModelConfig, arrays: Arrays, trainers: Mapping[str, Trainer]
) -> Difference | None:
    """Repeats two trainings in lockstep until they differ.

    Returns:
        The first difference; None if this time they agree, so that one is not repeatable.
    """

    def replay(trainer: Trainer) -> Callable[[keras.callbacks.Callback], None]:
        model, batches = build_vgg(config, arrays), make_batches(config, arrays)
        return lambda pace: trainer(model, batches, config, [pace], 0)

    return first_difference([replay(trainer) for trainer in trainers.values()])
