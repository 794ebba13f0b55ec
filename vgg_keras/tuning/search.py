"""The search: trials on held-out images, then the best design on all of them, tested once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_tuner.engine.trial import Trial

from vgg_keras.config import SearchConfig
from vgg_keras.errors import InconclusiveError, require
from vgg_keras.models.vgg import VGG
from vgg_keras.reporting.write import finished, write_report
from vgg_keras.runs.directory import Result, create_run_directory, find_run_directory
from vgg_keras.runtime.signals import Wish, heeding_signals
from vgg_keras.tuning.best import retrain_best
from vgg_keras.tuning.chief import Address, Chief
from vgg_keras.tuning.data import load_data
from vgg_keras.tuning.display import Display
from vgg_keras.tuning.estimate import count_workers
from vgg_keras.tuning.oracles import Durable, make_oracle
from vgg_keras.tuning.parallel import serve
from vgg_keras.tuning.rows import rows
from vgg_keras.tuning.space import describe
from vgg_keras.tuning.state import restore_state
from vgg_keras.tuning.tuner import Tuner
from vgg_keras.tuning.workers import Workers

MORE = ("trials", "retrain_epochs")
"""What a finished search may be asked for more of."""

MAY_DIFFER = (*MORE, "workers", "logdir", "name")
"""What a resumed search may be asked for in another way."""


def search(
    config: SearchConfig, resume: bool = False, verbose: int = 0, chief: str | None = None
) -> dict[str, Any]:
    """Searches, or goes on searching.

    With workers, a script calls it under `if __name__ == "__main__":`, as Python asks of every
    program that starts processes.

    Args:
        config: what to search, how, and where to keep it.
        resume: go on with the search of that name, which was interrupted or is to have more trials.
        verbose: 0 none, 1 a live line a worker and a line a trial, 2 the latter only.
        chief: `HOST:PORT` where workers of other machines may ask for trials; None for none.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: if the configuration cannot be run; nothing was written then.
        InconclusiveError: if so many trials in a row failed that going on makes no sense, or no
            worker can be started.
    """
    address = None if chief is None else Address.parse(chief, "--chief")
    require(config.workers != 0 or chief is not None, "--workers", "at least 1 without --chief", 0)
    data = load_data(config)
    VGG(filters=[()] * max(config.blocks_choices)).check_images(data.whole.image_shape)
    if resume:
        directory = find_run_directory(config, "search", MAY_DIFFER)
        old = finished(directory)
        if old and all(old["config"][field] == getattr(config, field) for field in MORE):
            return old
    config = replace(config, workers=count_workers(config, data.parts, verbose))
    oracle = make_oracle(config)
    server = Chief(oracle, address) if address or config.workers != 1 else None
    if not resume:
        directory = create_run_directory(config.logdir, "search", config.name)

    space = describe(oracle.get_space())
    display = Display(directory, config, verbose)
    result = Result(directory, config, data=data.facts, space=space, trials=[], best=None)
    with result, heeding_signals() as wish:
        restore_state(directory / "tuner")

        def tell(trial: Trial) -> None:
            result.update(trials=rows(oracle, config))
            display.show_trial(trial, oracle)

        tuner = Tuner(oracle, config, data.parts, directory, wish)
        result.update(trials=rows(oracle, config))
        oracle.tell = tell
        display.show_space(space)
        if server and address:
            display.show_address(server.address)
        with display.live():
            run_trials(tuner, oracle, config, directory, server, wish)
        best = retrain_best(oracle, config, data, directory, wish, verbose)
        result.update(trials=rows(oracle, config), best=best)
    write_report(directory)
    return result.value


def run_trials(
    tuner: Tuner,
    oracle: Durable,
    config: SearchConfig,
    directory: Path,
    chief: Chief | None,
    wish: Wish,
) -> None:
    """Runs all trials: in this process, or by workers if there is a chief.

    Raises:
        InconclusiveError: if so many trials in a row failed that going on makes no sense, or no
            worker can be started.
    """
    if chief:
        workers = Workers(int(config.workers), config, directory, *chief.address)
        serve(oracle, chief, workers, directory / "tuner", wish)
    else:
        tuner.search()
    if oracle.stopped:
        raise InconclusiveError(oracle.stopped)
