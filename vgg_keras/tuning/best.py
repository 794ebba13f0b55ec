"""The best design, trained anew on all training images and tested once."""

from __future__ import annotations

import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
from keras_tuner.engine.trial import TrialStatus

from vgg_keras.config import SearchConfig
from vgg_keras.datasets import Batches, load_dataset
from vgg_keras.runtime.signals import Wish
from vgg_keras.training.evaluation import evaluate
from vgg_keras.tuning.data import Data
from vgg_keras.tuning.hypermodel import VGGHyperModel
from vgg_keras.tuning.oracles import Durable
from vgg_keras.tuning.records import Record
from vgg_keras.tuning.rows import chosen
from vgg_keras.tuning.tuner import seed_of


def retrain_best(
    oracle: Durable, config: SearchConfig, data: Data, directory: Path, wish: Wish, verbose: int
) -> dict[str, Any] | None:
    """Trains the best design anew on all training images, and tests it once.

    Args:
        oracle: after its search.
        config: of the search.
        data: of the search.
        directory: gets `best.keras`.
        wish: to stop.
        verbose: of the progress.

    Returns:
        `best` of `result.json`; None if no trial was completed.
    """
    best = next(iter(oracle.get_best_trials(1)), None)
    if best is None or best.status != TrialStatus.COMPLETED:
        return None
    executions = Record.load(oracle.directory_of(best)).executions
    best_epochs = [execution.best_epoch for execution in executions]
    epochs = config.retrain_epochs or round(statistics.mean(best_epochs))
    hp = best.hyperparameters.copy()
    hp.values = chosen(best)
    whole = load_dataset(config.dataset) if config.retrain_epochs else data.whole
    watched = replace(whole, x_test=data.parts.x_test, y_test=data.parts.y_test)
    hypermodel = VGGHyperModel(replace(config, epochs=epochs), watched, wish)
    seed = seed_of(config.seed, int(best.trial_id), config.executions)
    keras.utils.set_random_seed(seed)
    model = hypermodel.build(hp)
    if verbose:
        print(f"Training the design of trial {best.trial_id} on all training images", flush=True)
    hypermodel.fit(hp, model, seed, verbose=verbose)
    model.save(directory / "best.keras")
    return {
        "trial": best.trial_id,
        "values": chosen(best),
        "score": float(best.score),
        "test": evaluate(model, Batches(whole, config.batch_size)).figures,
        "model": "best.keras",
    }
