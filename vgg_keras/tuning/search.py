"""The search: trials on held-out images, then the best design on all of them, tested once."""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
from keras_tuner.engine.trial import Trial, TrialStatus

from vgg_keras.config import InputError, SearchConfig, option_of, require
from vgg_keras.datasets import Arrays, Batches, hold_out, load_dataset
from vgg_keras.model import VGG
from vgg_keras.runs import Result, create_run_directory, json_values
from vgg_keras.trainers import fit
from vgg_keras.tuning.hypermodel import VGGHyperModel
from vgg_keras.tuning.oracles import Durable, make_oracle
from vgg_keras.tuning.records import read_executions
from vgg_keras.tuning.space import describe
from vgg_keras.tuning.tuner import Tuner, reason, seed_of

MAY_DIFFER = ("trials", "logdir", "name")
"""What a resumed search may be asked for in another way."""


def search(config: SearchConfig, resume: bool = False, verbose: int = 0) -> dict[str, Any]:
    """Searches, or goes on searching.

    Args:
        config: what to search, how, and where to keep it.
        resume: go on with the search of that name, which was interrupted or is to have more trials.
        verbose: 0 none, else a line a trial.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: if the configuration cannot be run; nothing was written then.
        InconclusiveError: if so many trials in a row failed that going on makes no sense.
    """
    arrays = load_dataset(config.dataset, config.limit)
    VGG(filters=[()] * max(config.blocks_choices)).check_images(arrays.image_shape)
    parts, held = hold_out(arrays, config.validation_split, config.seed)
    oracle = make_oracle(config)
    directory = open_directory(config) if resume else None
    directory = directory or create_run_directory(config.logdir, "search", config.name)

    def tell(trial: Trial) -> None:
        rows = [row(tuner, trial, config) for trial in oracle.trials.values()]
        result.update(trials=rows)
        if verbose:
            print(progress(trial, oracle, config), flush=True)

    data = {
        "train": len(parts.x_train),
        "validation": len(held),
        "test": len(arrays.x_test),
        "validation_sha256": hashlib.sha256(held.tobytes()).hexdigest(),
    }
    with Result(directory, config, data=data, space={}, trials=[], best=None) as result:
        tuner = Tuner(oracle, config, parts, directory, tell)
        result.update(space=describe(oracle.get_space()))
        try:
            tuner.search()
        except KeyboardInterrupt:
            file = directory / "config.json"
            print(f"Go on with: vgg-keras search --config {file} --resume", file=sys.stderr)
            raise
        rows = [row(tuner, trial, config) for trial in oracle.trials.values()]
        trained = replace(arrays, x_test=parts.x_test, y_test=parts.y_test)
        result.update(trials=rows, best=retrain_best(tuner, config, trained, arrays, directory))
    return result.value


def open_directory(config: SearchConfig) -> Path:
    """Finds the directory of a search to go on with.

    Raises:
        InputError: if there is none, or it was started with another configuration.
    """
    require(config.name is not None, "--name", "the search to resume", "none")
    directory = Path(config.logdir, "search", str(config.name))
    try:
        old = json.loads((directory / "config.json").read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"--resume: expected a search in {directory}, received {error}") from error
    new = json_values(config.to_dict())
    for field in new:
        same = field in MAY_DIFFER or old.get(field) == new[field]
        require(same, option_of(field), f"{old.get(field)}, as when it was started", new[field])
    return directory


def retrain_best(
    tuner: Tuner, config: SearchConfig, arrays: Arrays, tested: Arrays, directory: Path
) -> dict[str, Any] | None:
    """Trains the best design anew on all training images, and tests it once.

    Args:
        tuner: after its search.
        config: of the search.
        arrays: all training images; those that scored the trials in place of the test images.
        tested: the data set with its test images.
        directory: gets `best.keras`.

    Returns:
        `best` of `result.json`; None if no trial was completed.
    """
    best = tuner.oracle.get_best_trials(1)[0]
    if best.status != TrialStatus.COMPLETED:
        return None
    executions = read_executions(Path(tuner.get_trial_dir(best.trial_id)))
    epochs = round(statistics.mean(execution.best_epoch for execution in executions))
    hp = best.hyperparameters.copy()
    hp.values = chosen(best)
    hypermodel = VGGHyperModel(replace(config, epochs=epochs), arrays)
    seed = seed_of(config.seed, int(best.trial_id), config.executions)
    keras.utils.set_random_seed(seed)
    model = hypermodel.build(hp)
    hypermodel.fit(hp, model, seed)
    model.save(directory / "best.keras")
    return {
        "trial": best.trial_id,
        "values": chosen(best),
        "score": float(best.score),
        "test": fit.evaluate(model, Batches(tested, config.batch_size)),
        "model": "best.keras",
    }


def chosen(trial: Trial) -> dict[str, Any]:
    """The values of a trial's hyperparameters, without hyperband's own."""
    return {k: v for k, v in trial.hyperparameters.values.items() if not k.startswith("tuner/")}


def row(tuner: Tuner, trial: Trial, config: SearchConfig) -> dict[str, Any]:
    """A trial as in `trials` of `result.json`."""
    executions = read_executions(Path(tuner.get_trial_dir(trial.trial_id)))
    return {
        "id": trial.trial_id,
        "values": chosen(trial),
        "trainer": config.trainer,
        "status": trial.status.lower(),
        "score": None if trial.score is None else float(trial.score),
        "scores": [execution.score for execution in executions],
        "seeds": [execution.seed for execution in executions],
        "best_epoch": executions[0].best_epoch if executions else None,
        "seconds": sum(execution.seconds for execution in executions),
        "parameters": executions[0].parameters if executions else None,
        "reason": reason(trial),
    }


def progress(trial: Trial, oracle: Durable, config: SearchConfig) -> str:
    """A line about a trial that has ended."""
    values = ", ".join(f"{name} {value}" for name, value in chosen(trial).items())
    ended = f"{config.objective} {trial.score:.4f}" if trial.score is not None else reason(trial)
    best = oracle.get_best_trials(1)[0]
    so_far = f"; best {best.score:.4f} in trial {best.trial_id}" if best.score is not None else ""
    return f"Trial {trial.trial_id} ({len(oracle.end_order)} done): {values}: {ended}{so_far}"
