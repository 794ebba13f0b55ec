"""Runs the trials of a search, one after the other."""

from __future__ import annotations

import contextlib
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import tensorflow as tf
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FailedTrialError
from tensorboard.plugins.hparams import api as hparams

from vgg_keras.config import InconclusiveError, SearchConfig
from vgg_keras.datasets import Arrays
from vgg_keras.runs import write_json
from vgg_keras.tuning.hypermodel import VGGHyperModel
from vgg_keras.tuning.oracles import Durable
from vgg_keras.tuning.records import Execution, write_executions

FAILURES_IN_A_ROW = 5
CHECKPOINTS_KEPT = 3


def seed_of(seed: int, trial: int, execution: int) -> int:
    """The seed of one training: a function of the search's seed, the trial and the execution.

    Returns:
        A number from 0 to 2**32 - 1, by `numpy.random.SeedSequence`.
    """
    return int(np.random.SeedSequence([seed, trial, execution]).generate_state(1)[0])


class Tuner(keras_tuner.Tuner):
    """KerasTuner's loop over trials, with seeds, records and reasons.

    Args:
        oracle: gives the trials.
        config: of the search.
        arrays: to train on; the test images are those that score a trial.
        directory: of the run; `tuner/` in it is KerasTuner's, `trial-ID/` has the event files.
        tell: called with each trial that has ended.
    """

    def __init__(
        self,
        oracle: Durable,
        config: SearchConfig,
        arrays: Arrays,
        directory: Path,
        tell: Callable[[Trial], None],
    ):
        self._config, self._home, self._tell = config, directory, tell
        oracle.verbose = 0
        hypermodel = VGGHyperModel(config, arrays)
        with contextlib.redirect_stdout(io.StringIO()):  # KerasTuner tells what it reloads
            super().__init__(oracle, hypermodel, directory=str(directory), project_name="tuner")
        self.oracle.save()
        self.save()  # or a search killed in its first trial could not go on

    def save(self) -> None:
        """Writes `tuner0.json` whole or not at all."""
        write_json(Path(self._get_tuner_fname()), self.get_state())

    def run_trial(self, trial: Trial, **_: Any) -> dict[str, float]:
        """Trains a trial as often as asked for, each time from another seed.

        Returns:
            The objective: the mean of the scores.
        """
        home = self._home / f"trial-{trial.trial_id}"
        shutil.rmtree(home, ignore_errors=True)
        checkpoint = keras.callbacks.ModelCheckpoint(
            self._get_checkpoint_fname(trial.trial_id),
            monitor=self.oracle.objective.name,
            mode=self.oracle.objective.direction,
            save_best_only=True,
            save_weights_only=True,
        )
        executions = []
        for execution in range(self._config.executions):
            part = home if self._config.executions == 1 else home / f"execution-{execution}"
            board = keras.callbacks.TensorBoard(part, write_graph=False)
            executions.append(self._execute(trial, execution, [board, checkpoint]))
        write_executions(Path(self.get_trial_dir(trial.trial_id)), executions)
        score = float(np.mean([execution.score for execution in executions]))
        self._write_hparams(home, trial, score)
        return {self.oracle.objective.name: score}

    def _execute(
        self, trial: Trial, execution: int, callbacks: list[keras.callbacks.Callback]
    ) -> Execution:
        began = time.perf_counter()
        seed = seed_of(self._config.seed, int(trial.trial_id), execution)
        hp, objective = trial.hyperparameters, self.oracle.objective
        keras.utils.set_random_seed(seed)
        model = self._try_build(hp)
        if "tuner/trial_id" in hp.values:
            model.load_weights(self._get_checkpoint_fname(hp.values["tuner/trial_id"]))
        stop = keras.callbacks.TerminateOnNaN()
        history = self.hypermodel.fit(hp, model, seed, [*callbacks, stop]).history
        scores = history[objective.name]
        for name, figures in history.items():
            if not np.all(np.isfinite(figures)):
                raise FailedTrialError(f"{name} is {figures[-1]} after {len(figures)} epochs")
        best = int(np.argmax(scores) if objective.direction == "max" else np.argmin(scores))
        first = hp.values.get("tuner/initial_epoch", 0)
        seconds = time.perf_counter() - began
        return Execution(seed, scores[best], first + best + 1, model.count_params(), seconds)

    def _write_hparams(self, home: Path, trial: Trial, score: float) -> None:
        name = f"{self._home.name}-{self._config.trainer}-{trial.trial_id}"
        values = {k: v for k, v in trial.hyperparameters.values.items() if "tuner/" not in k}
        with tf.summary.create_file_writer(str(home)).as_default():
            hparams.hparams({**values, "trainer": self._config.trainer}, trial_id=name)
            tf.summary.scalar("score", score, step=0)

    def on_trial_end(self, trial: Trial) -> None:
        """Saves the trial, drops checkpoints that nobody needs, and stops after many failures.

        Raises:
            InconclusiveError: after `FAILURES_IN_A_ROW` failed trials without a good one.
        """
        super().on_trial_end(trial)
        trial = self.oracle.get_trial(trial.trial_id)
        if self._config.algorithm != "hyperband":  # which goes on from any of them
            self._drop_checkpoints()
        self._tell(trial)
        last = [self.oracle.get_trial(name) for name in self.oracle.end_order[-FAILURES_IN_A_ROW:]]
        failed = [trial.status == TrialStatus.FAILED for trial in last]
        if len(failed) == FAILURES_IN_A_ROW and all(failed):
            raise InconclusiveError(
                f"{FAILURES_IN_A_ROW} trials in a row failed, the last because {reason(trial)}"
            )

    def _drop_checkpoints(self) -> None:
        keep = {trial.trial_id for trial in self.oracle.get_best_trials(CHECKPOINTS_KEPT)}
        for name in self.oracle.end_order:
            if name not in keep:
                Path(self._get_checkpoint_fname(name)).unlink(missing_ok=True)


def reason(trial: Trial) -> str | None:
    """Why a trial failed: the last line of its traceback."""
    lines = (trial.message or "").strip().splitlines()
    return lines[-1].removeprefix(f"{FailedTrialError.__module__}.") if lines else None
