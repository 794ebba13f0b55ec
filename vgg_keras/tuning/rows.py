"""A trial as a row of the result."""

from __future__ import annotations

from typing import Any

from keras_tuner.engine import trial as keras_tuner_trial

from vgg_keras.config import SearchConfig
from vgg_keras.runs.results import Trial
from vgg_keras.tuning.oracles import Durable
from vgg_keras.tuning.records import Record


def rows(oracle: Durable, config: SearchConfig) -> list[Trial]:
    """All trials so far, in the order of their start."""
    return [row(trial, oracle, config) for trial in list(oracle.trials.values())]


def row(trial: keras_tuner_trial.Trial, oracle: Durable, config: SearchConfig) -> Trial:
    """A trial as in the result."""
    record = Record.load(oracle.directory_of(trial))
    executions = record.executions
    return Trial(
        id=trial.trial_id,
        values=chosen(trial),
        trainer=config.trainer,
        status=trial.status.lower(),
        score=None if trial.score is None else float(trial.score),
        scores=[execution.score for execution in executions],
        seeds=[execution.seed for execution in executions],
        best_epoch=executions[0].best_epoch if executions else None,
        seconds=sum(execution.seconds for execution in executions),
        parameters=executions[0].parameters if executions else None,
        reason=record.reason,
    )


def chosen(trial: keras_tuner_trial.Trial) -> dict[str, Any]:
    """The values of a trial's hyperparameters, without hyperband's own."""
    return {k: v for k, v in trial.hyperparameters.values.items() if not k.startswith("tuner/")}
