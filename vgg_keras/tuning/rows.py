"""A trial as a row of the result."""

from __future__ import annotations

from typing import Any

from keras_tuner.engine import trial as keras_tuner_trial

from vgg_keras.config import SearchConfig
from vgg_keras.runs.chance import accuracy_interval
from vgg_keras.runs.results import Trial
from vgg_keras.tuning.oracles import Durable
from vgg_keras.tuning.records import Record


def rows(oracle: Durable, config: SearchConfig, images: int) -> list[Trial]:
    """All trials so far, in the order of their start.

    Args:
        oracle: Oracle of the search.
        config: Configuration of the search.
        images: Number of held-out images that score a trial.
    """
    return [row(trial, oracle, config, images) for trial in list(oracle.trials.values())]


def row(
    trial: keras_tuner_trial.Trial, oracle: Durable, config: SearchConfig, images: int
) -> Trial:
    """A trial as in the result."""
    score = None if trial.score is None else float(trial.score)
    interval = None
    if config.objective == "val_accuracy" and score is not None and 0 <= score <= 1:
        interval = list(accuracy_interval(round(score * images), images))
    record = Record.load(oracle.directory_of(trial))
    executions = record.executions
    return Trial(
        id=trial.trial_id,
        values=chosen(trial),
        trainer=config.trainer,
        status=trial.status.lower(),
        score=score,
        scores=[execution.score for execution in executions],
        seeds=[execution.seed for execution in executions],
        best_epoch=executions[0].best_epoch if executions else None,
        seconds=sum(execution.seconds for execution in executions),
        parameters=executions[0].parameters if executions else None,
        reason=record.reason,
        interval=interval,
    )


def chosen(trial: keras_tuner_trial.Trial) -> dict[str, Any]:
    """The values of a trial's hyperparameters, without hyperband's own."""
    return {k: v for k, v in trial.hyperparameters.values.items() if not k.startswith("tuner/")}
