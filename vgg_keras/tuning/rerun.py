"""One trial of a search, run again alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from vgg_keras.config import SearchConfig
from vgg_keras.errors import require
from vgg_keras.runs.reading import read_result
from vgg_keras.runtime.settings import one_training
from vgg_keras.training.parts import gather
from vgg_keras.tuning.data import split_data
from vgg_keras.tuning.hypermodel import TrialModel


@one_training()
def rerun(
    directory: str | Path,
    trial: str,
    execution: int = 0,
    *,
    model: Callable[..., Any] | None = None,
    data: Any = None,
    verbose: int = 0,
) -> keras.callbacks.History:
    """Trains a trial again, from its line in `result.json`.

    The figures are those of the search to the last bit, on the same machine with as many threads
    as the trial had: those of all cores, or of a worker its share.

    Args:
        directory: Folder of the search.
        trial: Id of the trial, as in the table of trials; zeros before it may be left out.
        execution: Execution, counted from 0.
        model: The function that the search was given, if it was one.
        data: The data that the search was given, if it was.
        verbose: Progress: 0 none, 1 a bar, 2 a line an epoch.

    Returns:
        The history; its `model` is the trained one.

    Raises:
        InputError: If there is no such execution, or hyperband made the trial of another one.
    """
    result = read_result(Path(os.path.expanduser(directory)))
    config = SearchConfig.from_dict(result.config)
    alone = config.algorithm != "hyperband"
    require(alone, "trial", "a trial that does not go on from another", "one of hyperband")
    rows = {row.id.lstrip("0"): row for row in result.trials}
    number, known = trial.lstrip("0"), ", ".join(row.id for row in rows.values())
    require(number in rows, "trial", f"one of {known}", trial)
    row = rows[number]
    expected = f"one of the {len(row.seeds)} executions of trial {trial}, from 0"
    require(0 <= execution < len(row.seeds), "execution", expected, execution)
    hp = keras_tuner.HyperParameters()
    hp.values = dict(row.values)
    now, parts = gather(config, [config.trainer], model=model, data=data)
    same = now.data_facts == config.data_facts
    require(same, "data", "the data of the search", f"others in {now.dataset}")
    parts = replace(parts, data=split_data(config, parts.data).trials)
    training = TrialModel(config, parts).training(hp, row.seeds[execution])
    return training.run(verbose=verbose)
