"""The search: trials on held-out data, then the best design on all of them, tested at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_tuner.engine.trial import Trial

from vgg_keras.config import SearchConfig
from vgg_keras.errors import InconclusiveError, require
from vgg_keras.models.factory import takes_hyperparameters
from vgg_keras.models.vgg import VGG
from vgg_keras.reporting.write import finished, write_report
from vgg_keras.runs.directory import create_run_directory, find_run_directory
from vgg_keras.runs.result_file import ResultFile
from vgg_keras.runs.results import SearchResult
from vgg_keras.runtime.cluster import Address
from vgg_keras.runtime.settings import one_training
from vgg_keras.runtime.signals import StopRequest, deferred_signals
from vgg_keras.training.parts import Parts, gather
from vgg_keras.training.run import split, split_trainer, verbosity
from vgg_keras.tuning.best import retrain_best
from vgg_keras.tuning.chief import Chief
from vgg_keras.tuning.data import split_data
from vgg_keras.tuning.display import Display
from vgg_keras.tuning.environment import chief_variables
from vgg_keras.tuning.hypermodel import TrialModel
from vgg_keras.tuning.identity import make_identity
from vgg_keras.tuning.oracles import Durable, make_oracle
from vgg_keras.tuning.parallel import serve
from vgg_keras.tuning.rows import rows
from vgg_keras.tuning.space import declare, describe
from vgg_keras.tuning.tuner import Tuner
from vgg_keras.tuning.workers import Workers, count_workers

MORE = ("trials", "retrain_epochs")
"""What a finished search may be asked for more of."""

MAY_DIFFER = (*MORE, "workers", "logdir", "name")
"""Options of a resumed search that may differ."""


@one_training()
@chief_variables()
def search(
    config: SearchConfig | None = None,
    *,
    model: str | Callable[..., Any] | None = None,
    trainer: str | Callable[..., Any] | None = None,
    data: Any = None,
    resume: bool = False,
    verbose: int | None = None,
    chief: str | None = None,
    **options: Any,
) -> SearchResult:
    """Searches, or goes on searching.

    Example:
    ```python
    found = vgg_keras.search(trials=3, limit=6000, epochs=1)
    print(found.best)
    ```

    Args:
        config: What to search, how, and where to keep it; or its fields as keywords.
        model: A function of KerasTuner's `hp` that returns a `keras.Model`, or its reference.
        trainer: Name of a trainer, or a loop or steps of your own.
        data: Data instead of the data set, as in `train`.
        resume: Go on with the search of that name, which was interrupted or is to have more trials.
        verbose: 0 none, 1 a live line a worker and a line a trial, 2 the latter only; default 1 on
            a terminal and in a notebook, else 2.
        chief: `HOST:PORT` where workers of other machines may ask for trials; None for none.
        **options: Fields of `SearchConfig`.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: If the configuration cannot be run; nothing was written then.
        InconclusiveError: If every trial failed, or so many in a row that going on makes no sense,
            or no worker can be started.
    """
    verbose = verbosity(verbose)
    config, parts = given_parts(config, model, trainer, data, chief, options)
    address = None if chief is None else Address.parse(chief, "--chief")
    split_up = split_data(config, parts.data)
    if resume:
        directory = find_run_directory(config, "search", MAY_DIFFER)
        old = finished(directory)
        if old and all(old.config[field] == getattr(config, field) for field in MORE):
            return replace(old, factory=parts.factory)
    config = replace(config, workers=count_workers(config, verbose))
    trial_parts = replace(parts, data=split_up.trials)
    hypermodel = TrialModel(config, trial_parts)
    space = declare(config, hypermodel.build if parts.factory else None)
    oracle = make_oracle(config, space)
    server = Chief(oracle, address) if address or config.workers != 1 else None
    if not resume:
        directory = create_run_directory(config.logdir, "search", config.name)

    described, images = describe(oracle.get_space()), split_up.facts["validation"]
    display = Display(directory, config, verbose)
    file: ResultFile[SearchResult] = ResultFile(
        directory, config, data=split_up.facts, space=described
    )
    with file, deferred_signals() as request:

        def report(trial: Trial) -> None:
            file.update(trials=rows(oracle, config, images))
            display.show_trial(trial, oracle)

        if server:
            server.workers.identity = make_identity(directory)
        tuner = Tuner(oracle, config, hypermodel, directory, request)
        file.update(trials=rows(oracle, config, images))
        oracle.report = report
        display.show_data(split_up.facts)
        display.show_space(described)
        if server and address:
            display.show_address(server.address)
        with display.live():
            run_trials(tuner, oracle, config, directory, server, request)
        best = retrain_best(oracle, config, parts, split_up, directory, request, verbose)
        file.update(trials=rows(oracle, config, images), best=best)
    write_report(directory)
    return replace(file.result, factory=parts.factory)


def given_parts(
    config: SearchConfig | None,
    model: str | Callable[..., Any] | None,
    trainer: str | Callable[..., Any] | None,
    data: Any,
    chief: str | None,
    options: dict[str, Any],
) -> tuple[SearchConfig, Parts]:
    """Gathers what a search is called with; the parameters are those of `search`.

    Returns:
        The configuration, and what trials are made of.

    Raises:
        InputError: If they cannot be used together.
    """
    factory, options = split(options, "model", model)
    trainers, options = split_trainer(options, trainer)
    if factory is not None:
        options = {**options, "model": "given:factory"}
    config = SearchConfig.of(config, options)
    require(config.workers != 0 or chief is not None, "--workers", "at least 1 without --chief", 0)
    importable = factory is None and not trainers and data is None
    expected = "1 with functions and data of this process, or their names, as in model='my.py:make'"
    require(importable or config.workers == 1, "--workers", expected, config.workers)
    config, parts = gather(config, [config.trainer], model=factory, trainers=trainers, data=data)
    if parts.factory is None:
        pools = VGG(filters=[()] * max(config.blocks_choices))
        pools.check_images(parts.data.image_shape or ())
    else:
        expected = "a function of KerasTuner's hp"
        takes = takes_hyperparameters(parts.factory)
        require(takes, f"--model {config.model}", expected, "one that takes nothing")
    return config, parts


def run_trials(
    tuner: Tuner,
    oracle: Durable,
    config: SearchConfig,
    directory: Path,
    chief: Chief | None,
    request: StopRequest,
) -> None:
    """Runs all trials: in this process, or by workers if there is a chief.

    Raises:
        InconclusiveError: If so many trials in a row failed that going on makes no sense, or no
            worker can be started.
    """
    if chief:
        workers = Workers(int(config.workers), config, directory, *chief.address)
        serve(oracle, chief, workers, directory / "tuner", request)
    else:
        tuner.search()
    if oracle.stopped:
        raise InconclusiveError(oracle.stopped)
