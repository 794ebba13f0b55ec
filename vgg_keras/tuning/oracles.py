"""KerasTuner's algorithms, with a state that survives a kill at any moment."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cmp_to_key
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner import oracles
from keras_tuner.engine.oracle import Oracle
from keras_tuner.engine.trial import Trial, TrialStatus

from vgg_keras.config import SearchConfig
from vgg_keras.errors import InputError, require
from vgg_keras.tuning.records import Record
from vgg_keras.tuning.space import values_of
from vgg_keras.tuning.state import load_state, save_state
from vgg_keras.tuning.status import WORKER

FAILURES_IN_A_ROW = 5
CHECKPOINTS_KEPT = 3

DEATHS_IN_A_TRIAL = 3

UNLIMITED = 10**9
"""KerasTuner ends a search after some failures in a row without saving; `Durable` does it here."""

ENDED = (TrialStatus.COMPLETED, TrialStatus.FAILED)


class Durable(Oracle):
    """Writes an oracle's state atomically, and mends what a kill left behind.

    KerasTuner saves a trial and the oracle one after the other. After a kill between the two, a
    trial may be unknown to the oracle, or ended without the oracle's knowing.

    Attributes:
        report: Called with each trial that has ended.
        finished: Set when no trial is running and none will be given.
        stopped: Why no more trials are given, if there were too many failures.
    """

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.report: Callable[[Trial], None] = lambda trial: None
        self.finished = threading.Event()
        self.stopped: str | None = None
        self._deaths: Counter[str] = Counter()
        self.verbose = 0

    def save(self) -> None:
        """Writes `oracle.json` whole or not at all."""
        save_state(Path(self._get_oracle_fname()), self.get_state())

    def _save_trial(self, trial: Trial) -> None:
        save_state(self.directory_of(trial) / "trial.json", trial.get_state())

    def reload(self) -> None:
        """Reads the state, and puts every trial that has not ended in line once.

        Raises:
            InputError: If a file is missing or damaged, and so is its copy.
        """
        file = Path(self._get_oracle_fname())
        state = load_state(file)
        folders = {name: file.with_name(f"trial_{name}") for name in state["start_order"]}
        self.trials: dict[str, Trial] = {
            name: Trial.from_state(load_state(folder / "trial.json"))
            for name, folder in folders.items()
        }
        self.set_state({**state, "ongoing_trials": {}})
        done = [name for name, trial in self.trials.items() if trial.status in ENDED]
        self.end_order += [name for name in done if name not in self.end_order]
        self._retry_queue = [name for name in reversed(self.start_order) if name not in done]
        for name in done:
            load_state(folders[name] / "record.json")

    def create_trial(self, tuner_id: str) -> Trial:
        """Gives a worker its trial; none yet while others run that it may have to take over.

        Raises:
            InputError: If it has no name that a worker has.
        """
        named = WORKER.fullmatch(tuner_id) is not None
        require(named, "worker", f"a name of the form {WORKER.pattern}", repr(tuner_id[:200]))
        if tuner_id in self.ongoing_trials:  # the worker died, and was started again
            self._count_death(self.ongoing_trials[tuner_id])
        if self.stopped and tuner_id not in self.ongoing_trials:
            trial = Trial(self.get_space(), status=TrialStatus.STOPPED)
        else:
            trial = super().create_trial(tuner_id)
        if trial.status != TrialStatus.RUNNING:
            trial.status = TrialStatus.IDLE if self.ongoing_trials else TrialStatus.STOPPED
        if trial.status == TrialStatus.STOPPED:
            self.tuner_ids.discard(tuner_id)
            self.finished.set()
        else:
            self.tuner_ids.add(tuner_id)
        return trial

    def get_trial(self, trial_id: str) -> Trial:
        """Gives a trial.

        Raises:
            InputError: If there is none of that id.
        """
        require(trial_id in self.trials, "trial", "one of this search", repr(trial_id[:200]))
        return super().get_trial(trial_id)

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> Trial:
        """Takes the score of a trial, unless it has ended.

        Raises:
            InputError: If there is no such trial, or it is no score.
        """
        trial = self.get_trial(trial_id)
        if trial_id in self.end_order:
            return trial
        scored = set(metrics) == {self.objective.name} and all(map(math.isfinite, metrics.values()))
        require(scored, "trial", f"a finite {self.objective.name} and nothing else", "others")
        return super().update_trial(trial_id, metrics, step)

    def end_trial(self, trial: Trial) -> None:
        """Takes the end of a trial; the second one of a trial that two workers ran is nothing.

        Raises:
            InputError: If there is no such trial, or it can have no such end.
        """
        known = self.get_trial(trial.trial_id)
        if trial.trial_id in self.end_order:
            return
        scored = known.metrics.exists(self.objective.name)
        ended = trial.status in (*ENDED, TrialStatus.INVALID)
        require(ended, "trial", "one that has ended", trial.status)
        require(scored or trial.status != TrialStatus.COMPLETED, "trial", "a score", "none")
        values, its = trial.hyperparameters.values, known.hyperparameters.values
        require({**values, **its} == values, "trial", "the values that it was given", "others")
        super().end_trial(trial)
        trial = self.trials[trial.trial_id]
        self._retry_queue = [name for name in self._retry_queue if name != trial.trial_id]
        self._drop_checkpoints()
        self.report(trial)
        last = [self.trials[name] for name in self.end_order[-FAILURES_IN_A_ROW:]]
        failed = [trial.status == TrialStatus.FAILED for trial in last]
        if len(failed) == FAILURES_IN_A_ROW and all(failed):
            reason = Record.load(self.directory_of(trial)).reason
            self.stopped = f"{FAILURES_IN_A_ROW} trials in a row failed, the last because {reason}"

    def give_back(self, tuner_id: str) -> None:
        """Puts the trial of a worker that is lost in line again."""
        trial = self.ongoing_trials.pop(tuner_id, None)
        self.tuner_ids.discard(tuner_id)
        if trial:
            self._retry_queue.append(trial.trial_id)
            self.save()
            self._count_death(trial)

    def _count_death(self, trial: Trial) -> None:
        self._deaths[trial.trial_id] += 1
        if self._deaths[trial.trial_id] == DEATHS_IN_A_TRIAL:
            reason = f"{DEATHS_IN_A_TRIAL} times its worker died, perhaps for lack of memory"
            Record(reason=reason).save(self.directory_of(trial))
            failed = Trial(trial.hyperparameters, trial.trial_id, TrialStatus.FAILED)
            self.end_trial(failed)

    def directory_of(self, trial: Trial) -> Path:
        """Where KerasTuner keeps a trial."""
        return Path(self._get_trial_dir(trial.trial_id))

    def _drop_checkpoints(self) -> None:
        kept = {trial.trial_id for trial in self.get_best_trials(CHECKPOINTS_KEPT)}
        for name in self.end_order:
            if name not in kept:
                for path in self.directory_of(self.trials[name]).glob("checkpoint*"):
                    path.unlink(missing_ok=True)


class RandomOracle(Durable, oracles.RandomSearchOracle):
    """Random search."""


class BayesianOracle(Durable, oracles.BayesianOptimizationOracle):
    """Bayesian optimization with a Gaussian process, whose random state follows from the trial."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Chooses the values of a trial."""
        self._random_state = np.random.RandomState([self.seed, int(trial_id)])
        return super().populate_space(trial_id)


class GridOracle(Durable, oracles.GridSearchOracle):
    """Grid search, whose place in the grid follows from its trials: KerasTuner does not save it."""

    def reload(self) -> None:
        """Reads the state, and finds the place in the grid again."""
        super().reload()

        def compare(a: str, b: str) -> int:
            values = (self.trials[name].hyperparameters.values for name in (a, b))
            return self._compare(*values)

        for name in sorted(self.trials, key=cmp_to_key(compare)):
            self._ordered_ids.insert(name)
        self._populate_next = list(self.start_order)


class HyperbandOracle(Durable, oracles.HyperbandOracle):
    """Hyperband."""

    def _drop_checkpoints(self) -> None:
        """Keeps them: it goes on from any trial."""

    def designs_needed(self) -> int:
        """The number of designs that its brackets begin with, no two of them alike."""
        return sum(self._get_size(bracket, 0) for bracket in range(self._get_num_brackets()))


def make_oracle(config: SearchConfig, space: keras_tuner.HyperParameters) -> Durable:
    """Makes the oracle of a search.

    Args:
        config: Configuration of the search.
        space: The hyperparameters.

    Raises:
        InputError: If the algorithm needs a package that is not installed, or a larger space.
    """
    options: dict[str, Any] = {
        "objective": config.objective_of_tuner,
        "hyperparameters": space,
        "seed": int(np.random.SeedSequence(config.seed).generate_state(1)[0]) or 1,
        "max_consecutive_failed_trials": UNLIMITED,
    }
    if config.algorithm == "hyperband":
        oracle = HyperbandOracle(max_epochs=config.epochs, **options)
        designs = math.prod(len(values_of(hp)) for hp in oracle.get_space().space)
        needed = oracle.designs_needed()
        expected = f"at least {needed} designs to choose from with --epochs {config.epochs}"
        finite = all("step" in hp.get_config() or "values" in hp.get_config() for hp in space.space)
        enough = designs >= needed or not finite
        require(enough, "--algorithm hyperband", expected, designs)
        return oracle
    kinds = {"random": RandomOracle, "bayesian": BayesianOracle, "grid": GridOracle}
    try:
        return kinds[config.algorithm](max_trials=config.trials, **options)
    except ImportError as error:
        raise InputError(
            "--algorithm: expected scipy and scikit-learn for bayesian, received "
            f"'{error}'; install vgg_keras[bayesian]"
        ) from error
