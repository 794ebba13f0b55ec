"""Runs trials: those of a serial search, or those that a chief gives to this worker."""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import re
import shutil
import time
from pathlib import Path
from typing import Any

import grpc
import keras
import keras_tuner
import numpy as np
import tensorflow as tf
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FailedTrialError, FatalError

from vgg_keras.callbacks.events import writing_events
from vgg_keras.callbacks.hparams import write_row
from vgg_keras.config import SearchConfig
from vgg_keras.errors import InconclusiveError
from vgg_keras.runtime.compat import connect_client, release_graphs
from vgg_keras.runtime.signals import StopRequest
from vgg_keras.tuning.hypermodel import TrialModel
from vgg_keras.tuning.oracles import ENDED, Durable
from vgg_keras.tuning.progress import Progress
from vgg_keras.tuning.records import Execution, Record
from vgg_keras.tuning.rows import chosen
from vgg_keras.tuning.state import has_state, save_state
from vgg_keras.tuning.status import status_file

IDLE_SECONDS = 0.2


def seed_of(seed: int, trial: int, execution: int) -> int:
    """The seed of one training: a function of the search's seed, the trial and the execution.

    Returns:
        A number from 0 to 2**32 - 1, by `numpy.random.SeedSequence`.
    """
    return int(np.random.SeedSequence([seed, trial, execution]).generate_state(1)[0])


class Tuner(keras_tuner.Tuner):
    """KerasTuner's loop over trials, with seeds, records and reasons.

    Args:
        oracle: Gives the trials, unless KerasTuner's environment variables name a chief that does.
        config: Configuration of the search.
        hypermodel: Makes the trainings.
        directory: Folder of the run; `tuner/` in it is KerasTuner's, `trial-ID/` has event files.
        request: Request to stop, raised before a trial and after a step; None for none.
        channel: Channel to the chief; None without one.
    """

    def __init__(
        self,
        oracle: Durable,
        config: SearchConfig,
        hypermodel: TrialModel,
        directory: Path,
        request: StopRequest | None = None,
        channel: grpc.Channel | None = None,
    ):
        self._config, self._home, self._request = config, directory, request or StopRequest()
        self._idle = False
        with contextlib.redirect_stdout(io.StringIO()):  # KerasTuner prints what it reloads
            super().__init__(oracle, hypermodel, directory=str(directory), project_name="tuner")
        if channel:
            connect_client(self.oracle, channel)
        else:
            self._go_on(directory / "tuner")
        self.save()  # or a search killed in its first trial could not go on

    def reload(self) -> None:
        """Does nothing: `_go_on` reads the state, even if `tuner0.json` is lost."""

    def _go_on(self, project: Path) -> None:
        oracle = project / "oracle.json"
        if has_state(oracle) or any(project.glob("trial_*")):
            self.oracle.reload()

    def save(self) -> None:
        """Writes `oracle.json` and `tuner0.json` whole or not at all; a worker has neither."""
        if not self._is_worker():
            self.oracle.save()
            save_state(Path(self._get_tuner_fname()), self.get_state())

    def _populate_initial_space(self) -> None:
        """Builds no models: the oracle knows the space."""

    def search(self) -> None:
        """Runs trials until the oracle has no more.

        Raises:
            OSError: If the system does not give what a trial needs, such as space on the disk.
            InconclusiveError: If memory runs out that a trial had.
            grpc.RpcError: If the chief gives no answer.
        """
        status = status_file(self._home / "tuner", self.tuner_id)
        self._progress = Progress(status, self._config.objective)
        frozen = gc.get_freeze_count()
        if not frozen:
            gc.freeze()  # garbage is collected twice a trial, which need not go through TensorFlow
        try:
            with self._progress.reported():
                super().search()
        except FatalError as error:
            cause = error.__cause__
            if isinstance(cause, (MemoryError, tf.errors.ResourceExhaustedError)):
                text = "memory ran out after the first step of a trial; go on with --resume"
                raise InconclusiveError(text) from error
            raise cause or error from None
        finally:
            if not frozen:
                gc.unfreeze()

    def pre_create_trial(self) -> None:
        """Waits before it asks again for a trial."""
        if self._idle:
            time.sleep(IDLE_SECONDS)
        self._idle = True

    def on_trial_begin(self, trial: Trial) -> None:
        """Notes that there is work."""
        self._request.raise_if_set()
        self._idle = False

    def run_trial(self, trial: Trial, **_: Any) -> dict[str, float]:
        """Trains a trial as often as asked for, each time from another seed.

        Returns:
            The objective: the mean of the scores.
        """
        home = self._home / f"trial-{trial.trial_id}"
        if home.is_dir():
            shutil.rmtree(home, ignore_errors=True)
        else:
            home.unlink(missing_ok=True)
        weights = Path(self._get_checkpoint_fname(trial.trial_id))
        weights.unlink(missing_ok=True)
        checkpoint = keras.callbacks.ModelCheckpoint(
            str(weights).replace("{", "{{").replace("}", "}}"),  # a template, for Keras
            monitor=self.oracle.objective.name,
            mode=self.oracle.objective.direction,
            save_best_only=True,
            save_weights_only=True,
        )
        executions = []
        for execution in range(self._config.executions):
            part = home if self._config.executions == 1 else home / f"execution-{execution}"
            board = keras.callbacks.TensorBoard(part, write_graph=False)
            self._progress.begin(trial.trial_id, execution)
            callbacks = [board, checkpoint, self._progress]
            with release_graphs():
                executions.append(self._execute(trial, execution, callbacks))
        self._save_record(trial, Record(tuple(executions)))
        score = float(np.mean([execution.score for execution in executions]))
        self._write_row(home, trial, executions, score)
        return {self.oracle.objective.name: score}

    def _execute(
        self, trial: Trial, execution: int, callbacks: list[keras.callbacks.Callback]
    ) -> Execution:
        began = time.perf_counter()
        seed = seed_of(self._config.seed, int(trial.trial_id), execution)
        hp, objective = trial.hyperparameters, self.oracle.objective
        training = self.hypermodel.training(hp, seed)
        model = training.model
        if "tuner/trial_id" in hp.values:
            load_checkpoint(model, Path(self._get_checkpoint_fname(hp.values["tuner/trial_id"])))
        stop = keras.callbacks.TerminateOnNaN()
        with writing_events():
            history = training.run([*callbacks, stop, stops(self._request)]).history
        if objective.name not in history:
            raise FailedTrialError(
                f"the objective {objective.name} is none of the figures {', '.join(history)}"
            )
        scores = history[objective.name]
        for name, figures in history.items():
            if not np.all(np.isfinite(figures)):
                raise FailedTrialError(f"{name} is {figures[-1]} after {len(figures)} epochs")
        best = int(np.argmax(scores) if objective.direction == "max" else np.argmin(scores))
        first = hp.values.get("tuner/initial_epoch", 0)
        seconds = time.perf_counter() - began
        return Execution(seed, scores[best], first + best + 1, model.count_params(), seconds)

    def _write_row(
        self, home: Path, trial: Trial, executions: list[Execution], score: float
    ) -> None:
        config = self._config
        values: dict[str, Any] = {"trainer": config.trainer}
        if not config.is_users_model:
            values["learning_rate"] = config.learning_rate_choices[0]
        figures = {
            "val_score": score,
            "parameters": executions[0].parameters,
            "seconds": sum(execution.seconds for execution in executions),
        }
        with writing_events():
            write_row(home, config, {**values, **chosen(trial)}, figures)

    def on_trial_end(self, trial: Trial) -> None:
        """Informs the oracle, and records why the trial failed if it did."""
        self._progress.end()
        if trial.status != TrialStatus.COMPLETED:
            self._save_record(trial, Record(reason=reason(trial)))
        super().on_trial_end(trial)

    def _save_record(self, trial: Trial, record: Record) -> None:
        if self._is_worker() and self.oracle.get_trial(trial.trial_id).status in ENDED:
            return  # another worker, that this one's trial was given to, was faster
        record.save(Path(self.get_trial_dir(trial.trial_id)))

    def _run_and_update_trial(self, trial: Trial, *args: Any, **options: Any) -> None:
        """Runs a trial, and ends the search if it is not the design that fails.

        An error of the system, such as a full disk or a lost file, is the machine's, and so is
        memory that runs out after the first step. Memory that runs out in the first step or before
        it, and again when the trial is run a second time, is the design's, and the trial failed.
        """
        for again in (True, False):
            try:
                return super()._run_and_update_trial(trial, *args, **options)
            except (grpc.RpcError, OSError) as error:
                raise FatalError from error
            except (MemoryError, tf.errors.ResourceExhaustedError) as error:
                if self._progress.stepped:
                    raise FatalError from error
                if not again:
                    raise
            gc.collect()


def load_checkpoint(model: keras.Model, path: Path) -> None:
    """Loads the weights that another trial has left.

    Raises:
        OSError: If the file is lost or damaged.
    """
    try:
        if not path.is_file():
            raise ValueError("no file")
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise OSError(errno.EIO, f"The weights of a trial cannot be read: {error}", path) from error


def stops(request: StopRequest) -> keras.callbacks.Callback:
    """A callback that ends a training after a step if that was requested."""
    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: request.raise_if_set()
    )


def reason(trial: Trial) -> str | None:
    """Why a trial failed: the last line of its traceback."""
    lines = (trial.message or "").strip().splitlines()
    return re.sub(r"^[\w.]+\.(?=\w+:)", "", lines[-1]) if lines else None
