"""One trial of a search, run again alone."""

from __future__ import annotations

from pathlib import Path

import keras
import keras_tuner

from vgg_keras.config import SearchConfig
from vgg_keras.errors import require
from vgg_keras.runs.results import read_result
from vgg_keras.tuning.data import load_data
from vgg_keras.tuning.hypermodel import VGGHyperModel


def rerun(
    directory: str | Path, trial: str, execution: int = 0, verbose: int = 0
) -> keras.callbacks.History:
    """Trains a trial again, from its line in `result.json`.

    The figures are those of the search to the last bit, on the same machine with as many threads
    as the trial had: those of all cores, or of a worker its share.

    Args:
        directory: of the search.
        trial: its id, as in the table of trials; zeros before it may be left out.
        execution: counted from 0.
        verbose: of the progress: 0 none, 1 a bar, 2 a line an epoch.

    Returns:
        The history; its `model` is the trained one.

    Raises:
        InputError: if there is no such execution, or hyperband made the trial of another one.
    """
    result = read_result(Path(directory))
    config = SearchConfig.from_dict(result["config"])
    alone = config.algorithm != "hyperband"
    require(alone, "trial", "a trial that does not go on from another", "one of hyperband")
    rows = {row["id"].lstrip("0"): row for row in result["trials"]}
    number, known = trial.lstrip("0"), ", ".join(row["id"] for row in rows.values())
    require(number in rows, "trial", f"one of {known}", trial)
    row = rows[number]
    seeds = row["seeds"]
    expected = f"one of the {len(seeds)} executions of trial {trial}, from 0"
    require(0 <= execution < len(seeds), "execution", expected, execution)
    hp = keras_tuner.HyperParameters()
    hp.values = dict(row["values"])
    hypermodel = VGGHyperModel(config, load_data(config).parts)
    keras.utils.set_random_seed(seeds[execution])
    return hypermodel.fit(hp, hypermodel.build(hp), seeds[execution], verbose=verbose)
