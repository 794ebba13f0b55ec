"""How many workers a search is fastest with, by an estimate."""

from __future__ import annotations

import math
import sys

from vgg_keras.config import SearchConfig
from vgg_keras.datasets import Arrays
from vgg_keras.runtime.machine import cores

# Fitted to trials of 6,000 images with 24 and with 48 filters on two cores of an Intel Xeon: two of
# each took 23 s in one process with two threads, and 18 s in two processes with one thread each.
START_SECONDS = 2.0
TRACE_SECONDS = 1.8
CORE_FLOPS = 7.6e10
THREADS_POWER = 0.85


def count_workers(config: SearchConfig, arrays: Arrays, verbose: int) -> int:
    """The number of workers that was asked for, or that is the fastest by an estimate."""
    if config.workers != "auto":
        if config.workers > cores():
            print(f"Warning: {config.workers} workers share {cores()} cores", file=sys.stderr)
        return config.workers
    seconds = estimate(config, len(arrays.x_train), arrays.image_shape)
    count = min(seconds, key=lambda workers: seconds[workers])
    if verbose:
        alone = f", {seconds[1]:.0f} s with 1" if count > 1 else ""
        print(f"Workers: {count}; trials take some {seconds[count]:.0f} s{alone}", flush=True)
    return count


def estimate(config: SearchConfig, images: int, shape: tuple[int, ...]) -> dict[int, float]:
    """Estimates the seconds of a search with 1 worker, and with each number up to the cores.

    A trial takes the time of tracing its graphs, in which one core works, and of its arithmetic,
    in which the cores of its worker do; two cores do not halve that.

    Args:
        config: of the search.
        images: to train on, an epoch.
        shape: of an image: height, width, channels.

    Returns:
        The seconds by number of workers.
    """
    flops = 3 * flops_of(config, shape) * images * config.epochs * config.executions
    seconds = {}
    for workers in range(1, min(cores(), config.trials) + 1):
        threads = cores() // workers
        trial = config.executions * TRACE_SECONDS + flops / (CORE_FLOPS * threads**THREADS_POWER)
        start = START_SECONDS if workers > 1 else 0
        seconds[workers] = start + math.ceil(config.trials / workers) * trial
    return seconds


def flops_of(config: SearchConfig, shape: tuple[int, ...]) -> float:
    """Floating point operations of the middle design's convolutions, for one image forward."""
    height, width, channels = shape
    blocks, convolutions, filters = (
        sorted(choices)[len(choices) // 2]
        for choices in (config.blocks_choices, config.convolutions_choices, config.filters_choices)
    )
    total = 0
    for _ in range(blocks):
        for _ in range(convolutions):
            total += 2 * 9 * channels * filters * height * width
            channels = filters
        height, width = height // 2, width // 2
    return total
