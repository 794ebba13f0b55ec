"""Which way of training is faster, measured in turns."""

from __future__ import annotations

import os
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf

from vgg_keras.benchmarking.contestants import make_contestant
from vgg_keras.benchmarking.ratio import seconds_ratio
from vgg_keras.benchmarking.recording_cost import recording_cost
from vgg_keras.benchmarking.turns import take_turns
from vgg_keras.config import BenchmarkConfig
from vgg_keras.config.variants import PEER_NAMES, parse_variant
from vgg_keras.datasets import Arrays
from vgg_keras.errors import require
from vgg_keras.reporting.write import write_report
from vgg_keras.runs.directory import Result, create_run_directory
from vgg_keras.runtime.compat import release_graphs
from vgg_keras.training.run import load_checked

NEEDED = {"torch": ("torch",), "jax": ("jax", "flax", "optax")}
"""The packages of each peer."""


def benchmark(config: BenchmarkConfig, verbose: int = 0) -> dict[str, Any]:
    """Times variants beside each other, or each with its recording beside itself without.

    Args:
        config: what to time, and for how long.
        verbose: 0 silent, else a line for each heat.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: if the configuration cannot be run; nothing was written then.
    """
    arrays = load_checked(config)
    calls = len(arrays.x_train) // (config.batch_size * config.steps_per_execution)
    expected = f"fewer than an epoch's {calls} calls of the training function"
    require(config.steps < calls, "--steps", expected, config.steps)
    names = {parse_variant(variant)[0] for variant in config.contestants}
    for peer in sorted(names & {*PEER_NAMES}):
        expected = "a framework that is installed (pip install '.[bench]')"
        require(all(map(find_spec, NEEDED[peer])), "--peers", expected, peer)
        expected = "none beside a GPU, as they use the processor (CUDA_VISIBLE_DEVICES=-1 hides it)"
        require(not tf.config.list_physical_devices("GPU"), "--peers", expected, peer)
    directory = create_run_directory(config.logdir, "benchmark", config.name)
    heats = [[(name, False) for name in config.contestants]]
    if config.recording:
        heats = [[(name, True), (name, False)] for name in config.contestants]
    load = os.getloadavg()[0]
    with Result(directory, config, resumable=False, load=load, heats=[]) as result:
        for heat in heats:
            timed = time_heat(heat, config, arrays, verbose)
            result.update(heats=[*result.value["heats"], timed])
        if config.recording:
            costs = {name: recording_cost(name, config, arrays) for name in config.contestants}
            result.update(recording=costs)
    write_report(directory)
    return result.value


@release_graphs()
def time_heat(
    heat: list[tuple[str, bool]], config: BenchmarkConfig, arrays: Arrays, verbose: int
) -> dict[str, Any]:
    """Times variants in turns.

    Args:
        heat: of variants, and whether each is recorded.
        config: of the benchmark.
        arrays: to train on.
        verbose: 0 silent, else a line.

    Returns:
        An entry of `heats` in `result.json`.
    """
    names = [f"{name} with recording" if recorded else name for name, recorded in heat]
    if verbose:
        print(f"In turns: {', '.join(names)}", flush=True)
    with TemporaryDirectory() as home:
        contestants = [
            make_contestant(name, recorded, config, arrays, Path(home, str(seat)))
            for seat, (name, recorded) in enumerate(heat)
        ]
        take_turns(contestants, config.rounds)
    turns = [contestant.turns for contestant in contestants]
    images = config.batch_size * config.steps_per_execution
    return {
        "contestants": [
            {"name": name, **asdict(each), "images_per_second": images / each.median}
            for name, each in zip(names, turns, strict=True)
        ],
        "ratios": [
            {"first": names[0], "second": name} | asdict(seconds_ratio(turns[0], each, config.seed))
            for name, each in zip(names[1:], turns[1:], strict=True)
        ],
    }
