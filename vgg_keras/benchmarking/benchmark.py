"""Which way of training is faster, measured in alternation."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tensorflow as tf

from vgg_keras.benchmarking.alternation import alternate
from vgg_keras.benchmarking.ratio import seconds_ratio
from vgg_keras.benchmarking.recording import recording_cost
from vgg_keras.benchmarking.variants import make_variant, trainer_names
from vgg_keras.config import BenchmarkConfig
from vgg_keras.config.lists import Variants
from vgg_keras.config.variants import PEER_NAMES, parse_variant
from vgg_keras.datasets import Arrays
from vgg_keras.errors import require
from vgg_keras.reporting.write import write_report
from vgg_keras.runs.directory import create_run_directory
from vgg_keras.runs.result_file import ResultFile
from vgg_keras.runs.results import BenchmarkResult, Group, Timed
from vgg_keras.runtime.compat import release_graphs
from vgg_keras.runtime.settings import one_training
from vgg_keras.training.parts import Parts, gather
from vgg_keras.training.run import split, verbosity

NEEDED = {"torch": ("torch",), "jax": ("jax", "flax", "optax")}
"""The packages of each peer."""


@one_training()
def benchmark(
    config: BenchmarkConfig | None = None,
    *,
    model: str | Callable[..., Any] | None = None,
    trainers: Mapping[str, Any] | None = None,
    data: Any = None,
    verbose: int | None = None,
    **options: Any,
) -> BenchmarkResult:
    """Times variants beside each other, or each with its recording beside itself without.

    Args:
        config: What to time, and for how long; or its fields as keywords.
        model: Name of a model, or a function that returns a `keras.Model`.
        trainers: Trainers by name, as in `compare`; timed if no variants are named.
        data: Data instead of the data set, as in `compare`.
        verbose: 0 silent, else a line for each group, and with 1 a bar on a terminal.
        **options: Fields of `BenchmarkConfig`.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: If the configuration cannot be run; nothing was written then.
    """
    verbose = verbosity(verbose)
    factory, options = split(options, "model", model)
    if trainers and config is None:
        options = {"variants": Variants(trainers), **options}
    config = BenchmarkConfig.of(config, options)
    names = trainer_names(config)
    config, parts = gather(config, names, model=factory, trainers=trainers, data=data)
    batches = parts.data.batches(config.batch_size)
    calls = batches.train_count // (batches.batch_size * config.steps_per_execution)
    expected = f"fewer than an epoch's {calls} calls of the training function"
    require(config.steps < calls, "--steps", expected, config.steps)
    timed = {parse_variant(variant).trainer for variant in config.all_variants}
    ours = timed <= {*names}
    pixels = isinstance(parts.data, Arrays) and parts.data.x_train.dtype == np.uint8
    require(
        ours or pixels, "--variants", "trainers only, for data that are no images in memory", timed
    )
    for peer in sorted(timed & {*PEER_NAMES}):
        expected = "a framework that is installed (pip install '.[bench]')"
        require(all(map(find_spec, NEEDED[peer])), "--peers", expected, peer)
        expected = "none beside a GPU, as they use the processor (CUDA_VISIBLE_DEVICES=-1 hides it)"
        require(not tf.config.list_physical_devices("GPU"), "--peers", expected, peer)
    directory = create_run_directory(config.logdir, "benchmark", config.name)
    groups = [[(name, False) for name in config.all_variants]]
    if config.recording:
        groups = [[(name, True), (name, False)] for name in config.all_variants]
    load = os.getloadavg()[0]
    file: ResultFile[BenchmarkResult] = ResultFile(directory, config, resumable=False, load=load)
    with file:
        for group in groups:
            done = time_group(group, config, parts, verbose, not file.result.doubts)
            file.update(groups=[*file.result.groups, done])
        if config.recording:
            costs = {name: recording_cost(name, config, parts) for name in config.all_variants}
            file.update(recording=costs)
    write_report(directory)
    return file.result


@release_graphs()
def time_group(
    group: list[tuple[str, bool]],
    config: BenchmarkConfig,
    parts: Parts,
    verbose: int,
    decides: bool,
) -> Group:
    """Times variants in alternation.

    Args:
        group: Variants, and whether each is recorded.
        config: Configuration of the benchmark.
        parts: What trainings are made of.
        verbose: 0 silent, else a line, and with 1 a bar on a terminal.
        decides: Whether the circumstances allow a verdict.
    """
    names = [
        f"{parse_variant(variant).name} with recording" if recorded else parse_variant(variant).name
        for variant, recorded in group
    ]
    if verbose:
        print(f"In alternation: {', '.join(names)}", flush=True)
    with TemporaryDirectory() as home:
        variants = [
            make_variant(variant, recorded, config, parts, Path(home, str(place)))
            for place, (variant, recorded) in enumerate(group)
        ]
        alternate(variants, config.rounds, bar=verbose == 1 and sys.stdout.isatty())
    images = parts.data.batches(config.batch_size).batch_size * config.steps_per_execution
    timings = [variant.timings for variant in variants]
    return Group(
        timed=[
            Timed(name, times.first_call_seconds, times.call_seconds, images / times.median)
            for name, times in zip(names, timings, strict=True)
        ],
        ratios=[
            seconds_ratio((names[0], name), timings[0], times, config.seed, decides)
            for name, times in zip(names[1:], timings[1:], strict=True)
        ],
    )
