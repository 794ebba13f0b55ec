"""Which of two ways of training is faster, measured in turns of one process."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vgg_keras.comparison.recording_cost import recording_cost
from vgg_keras.comparison.run import build_vgg, load_checked, make_batches
from vgg_keras.comparison.timing import seconds_ratio
from vgg_keras.comparison.turns import Run, take_turns
from vgg_keras.config import MOST, BenchmarkConfig, parse_variant, require
from vgg_keras.datasets import Arrays
from vgg_keras.memory import release_graphs
from vgg_keras.recording import record
from vgg_keras.report.write import write_report
from vgg_keras.runs import Result, create_run_directory
from vgg_keras.trainers import TRAINERS


def benchmark(config: BenchmarkConfig, verbose: int = 0) -> dict[str, Any]:
    """Times two variants against each other, or each with its recording against without.

    Args:
        config: what to time, and for how long.
        verbose: 0 silent, else a line for each pair.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: if the configuration cannot be run; nothing was written then.
    """
    arrays = load_checked(config)
    calls = len(arrays.x_train) // (config.batch_size * config.steps_per_execution)
    expected = f"fewer than an epoch's {calls} calls of the training function"
    require(config.steps < calls, "--steps", expected, config.steps)
    directory = create_run_directory(config.logdir, "benchmark", config.name)
    pairs = [[(name, False) for name in config.variants]]
    if config.recording:
        pairs = [[(name, True), (name, False)] for name in config.variants]
    load = os.getloadavg()[0]
    with Result(directory, config, load=load, pairs=[]) as result:
        for pair in pairs:
            measured = time_pair(pair, config, arrays, verbose)
            result.update(pairs=[*result.value["pairs"], measured])
        if config.recording:
            costs = {name: recording_cost(name, config, arrays) for name in config.variants}
            result.update(recording=costs)
    write_report(directory)
    return result.value


@release_graphs()
def time_pair(
    pair: list[tuple[str, bool]], config: BenchmarkConfig, arrays: Arrays, verbose: int
) -> dict[str, Any]:
    """Times two variants in turns.

    Args:
        pair: of a variant, and whether it is recorded, each.
        config: of the benchmark.
        arrays: to train on.
        verbose: 0 silent, else a line.

    Returns:
        An entry of `pairs` in `result.json`.
    """
    names = [f"{name} with recording" if recorded else name for name, recorded in pair]
    if verbose:
        print(f"{names[0]} and {names[1]}, in turns", flush=True)
    with TemporaryDirectory() as home:
        runs = [
            prepare(name, recorded, config, arrays, Path(home, str(seat)))
            for seat, (name, recorded) in enumerate(pair)
        ]
        turns = take_turns(runs, config.rounds, config.steps)
    images = config.batch_size * config.steps_per_execution
    return {
        "names": names,
        "turns": [asdict(each) for each in turns],
        "images_per_second": [images / each.median for each in turns],
        "ratio": asdict(seconds_ratio(turns[0], turns[1], config.seed)),
    }


def prepare(
    variant: str, recorded: bool, config: BenchmarkConfig, arrays: Arrays, home: Path
) -> Run:
    """Makes a training that never ends by itself."""
    trainer, changes = parse_variant(variant)
    config = replace(config, epochs=MOST, **changes)
    model, batches = build_vgg(config, arrays), make_batches(config, arrays)
    recording = record(home, config, arrays) if recorded else ()
    return lambda pace: TRAINERS[trainer](model, batches, config, [*recording, pace], 0)
