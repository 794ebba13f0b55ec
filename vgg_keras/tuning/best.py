"""The best design, retrained on all training data and tested at the end."""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

from keras_tuner.engine.trial import TrialStatus

from vgg_keras.callbacks.events import writing_events
from vgg_keras.config import SearchConfig
from vgg_keras.errors import InconclusiveError, require
from vgg_keras.runs.results import Best
from vgg_keras.runtime.signals import StopRequest
from vgg_keras.training.parts import Parts
from vgg_keras.training.recording import record
from vgg_keras.training.run import save_model, test_and_show
from vgg_keras.tuning.data import SearchData
from vgg_keras.tuning.hypermodel import TrialModel
from vgg_keras.tuning.oracles import Durable
from vgg_keras.tuning.records import Record
from vgg_keras.tuning.rows import chosen, rows
from vgg_keras.tuning.tuner import seed_of, stops


def retrain_best(
    oracle: Durable,
    config: SearchConfig,
    parts: Parts,
    data: SearchData,
    directory: Path,
    request: StopRequest,
    verbose: int,
) -> Best:
    """Trains the best design again on all training data, and tests it.

    Its progress shows figures of the test data, which nothing is chosen by.

    Args:
        oracle: Oracle after its search.
        config: Configuration of the search.
        parts: What trainings are made of.
        data: Data of the search.
        directory: Gets `best.keras`, and `best/` with event files.
        request: Request to stop.
        verbose: Progress: 0 none, 1 a bar, 2 a line an epoch.

    Returns:
        The best design.

    Raises:
        InconclusiveError: If no trial was completed.
        InputError: If what the best one has left is lost.
    """
    best = next(iter(oracle.get_best_trials(1)), None)
    if best is None or best.status != TrialStatus.COMPLETED:
        reason = rows(oracle, config, data.facts["validation"])[-1].reason
        raise InconclusiveError(f"every trial failed, the last because {reason}")
    folder = oracle.directory_of(best)
    executions = Record.load(folder).executions
    expected = "the record of the best trial"
    require(bool(executions), str(folder / "record.json"), expected, "none; start another search")
    best_epochs = [execution.best_epoch for execution in executions]
    epochs = config.retrain_epochs or round(statistics.mean(best_epochs))
    hp = best.hyperparameters.copy()
    hp.values = chosen(best)
    whole = parts.whole if config.retrain_epochs else data.whole
    seed = seed_of(config.seed, int(best.trial_id), config.executions)
    training = TrialModel(config, parts).training(hp, seed, whole, epochs)
    home, batches = directory / "best", training.batches
    shutil.rmtree(home, ignore_errors=True)
    calls = training.model.steps_per_execution
    recording = record(home, training.config, whole, batches, calls)
    shown = [recording.timing, recording.board, recording.summaries]
    if verbose:
        print(f"Retraining the design of trial {best.trial_id} on all training images", flush=True)
        print("Its val_ figures are those of the test images, which nothing is chosen by")
    with writing_events():
        training.run([*shown, stops(request)], verbose)
        save_model(training.model, directory / "best.keras")
        seconds = sum(recording.timing.seconds_per_epoch)
        values = {"trainer": config.trainer, "seed": config.seed, **chosen(best)}
        evaluation, _ = test_and_show(training, recording.summaries, values, whole, seconds)
    return Best(
        trial=best.trial_id,
        values=chosen(best),
        score=float(best.score),
        test=evaluation.test,
        model="best.keras",
    )
