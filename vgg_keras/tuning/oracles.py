"""KerasTuner's algorithms, with a state that survives a kill at any moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner import oracles
from keras_tuner.engine.oracle import Oracle
from keras_tuner.engine.trial import Trial, TrialStatus

from vgg_keras.config import InputError, SearchConfig
from vgg_keras.runs import write_json

MORE_THAN_EVER = 10**9
"""KerasTuner ends a search after some failures in a row without saving; the tuner does it here."""


class Durable(Oracle):
    """Writes an oracle's state atomically, and mends what a kill left behind.

    KerasTuner saves a trial and the oracle one after the other. After a kill between the two, a
    trial may be unknown to the oracle, or ended without the oracle's knowing.
    """

    def save(self) -> None:
        """Writes `oracle.json` whole or not at all."""
        write_json(Path(self._get_oracle_fname()), self.get_state())

    def _save_trial(self, trial: Trial) -> None:
        path = Path(self._get_trial_dir(trial.trial_id), "trial.json")
        write_json(path, trial.get_state())

    def reload(self) -> None:
        """Reads the state, and puts every trial that has not ended in line once."""
        super().reload()
        self.trials: dict[str, Trial] = {name: self.trials[name] for name in self.start_order}
        ended = (TrialStatus.COMPLETED, TrialStatus.FAILED)
        done = [name for name, trial in self.trials.items() if trial.status in ended]
        self.end_order += [name for name in done if name not in self.end_order]
        self._retry_queue = [name for name in reversed(self.start_order) if name not in done]


class RandomOracle(Durable, oracles.RandomSearchOracle):
    """Random search."""


class BayesianOracle(Durable, oracles.BayesianOptimizationOracle):
    """Bayesian optimization with a Gaussian process."""


class GridOracle(Durable, oracles.GridSearchOracle):
    """Grid search."""


class HyperbandOracle(Durable, oracles.HyperbandOracle):
    """Hyperband."""


def make_oracle(config: SearchConfig) -> Durable:
    """Makes the oracle of a search.

    Raises:
        InputError: if the algorithm needs a package that is not installed.
    """
    objective = keras_tuner.Objective(
        config.objective, "max" if config.objective == "val_accuracy" else "min"
    )
    options: dict[str, Any] = {
        "objective": objective,
        "seed": int(np.random.SeedSequence(config.seed).generate_state(1)[0]) or 1,
        "max_consecutive_failed_trials": MORE_THAN_EVER,
    }
    if config.algorithm == "hyperband":
        return HyperbandOracle(max_epochs=config.epochs, **options)
    kinds = {"random": RandomOracle, "bayesian": BayesianOracle, "grid": GridOracle}
    try:
        return kinds[config.algorithm](max_trials=config.trials, **options)
    except ImportError as error:
        raise InputError(
            "--algorithm: expected scipy and scikit-learn for bayesian, received "
            f"'{error}'; install vgg_keras[bayesian]"
        ) from error
