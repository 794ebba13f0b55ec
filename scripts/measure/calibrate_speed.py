"""Is a trainer called slower than itself, and is a slower one found? Asked with real trainings.

Usage: `python scripts/calibrate_speed.py`, a few minutes on two cores. Exit status 1: a bound is
broken.
"""

from __future__ import annotations

import time
from dataclasses import replace

import keras
from bounds import all_hold
from scipy.stats import binomtest

from vgg_keras.benchmarking.alternation import Training, Turns, take_turns
from vgg_keras.benchmarking.ratio import Ratio, seconds_ratio
from vgg_keras.config import BenchmarkConfig
from vgg_keras.config.base import MOST
from vgg_keras.config.lists import FilterCounts
from vgg_keras.datasets import Arrays
from vgg_keras.trainers import TRAINERS
from vgg_keras.training.run import build_vgg, make_batches

COMPARISONS = 100
MOST_FALSE = 5
SLOWDOWN = 0.1
CLOSE = 0.02
CONFIG = BenchmarkConfig()
SMALL = BenchmarkConfig(filters=FilterCounts([4, 8]), steps=2)


class Slower(keras.callbacks.Callback):
    """Makes each step take longer by a tenth."""

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        """Looks at the clock."""
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Waits."""
        until = time.perf_counter() * (1 + SLOWDOWN) - self.began * SLOWDOWN
        while time.perf_counter() < until:
            pass


def timed(
    config: BenchmarkConfig, arrays: Arrays, rounds: int, *slower: Slower
) -> tuple[Turns, Turns]:
    """Times the tape trainer beside itself, the second one perhaps slower."""

    def training(*callbacks: Slower) -> Training:
        endless = replace(config, epochs=MOST)
        model, batches = build_vgg(endless, arrays), make_batches(endless, arrays)
        return Training(
            lambda pace: TRAINERS["tape"](model, batches, endless, [*callbacks, pace], 0),
            config.steps,
        )

    first, second = training(), training(*slower)
    take_turns([first, second], rounds)
    return first.turns, second.turns


def told(what: str, ratio: Ratio) -> None:
    """Prints a ratio."""
    print(f"{what}: {ratio.seconds:.3f} times the time ({ratio.low:.3f} to {ratio.high:.3f})")


def no_false_alarm(arrays: Arrays) -> bool:
    """Prints how often a trainer is called faster or slower than itself; whether seldom."""
    first, second = timed(SMALL, arrays, rounds=COMPARISONS * SMALL.rounds)
    size = 2 * SMALL.rounds
    verdicts = [
        seconds_ratio(
            Turns(0, first.call_seconds[begin : begin + size]),
            Turns(0, second.call_seconds[begin : begin + size]),
            seed=0,
        ).verdict
        for begin in range(0, COMPARISONS * size, size)
    ]
    wrong = COMPARISONS - verdicts.count("undecided")
    low, high = binomtest(wrong, COMPARISONS).proportion_ci()
    print(
        f"A small VGG beside itself: called faster or slower in {wrong} of {COMPARISONS} "
        f"comparisons of {SMALL.rounds} rounds (95 % interval {low:.1%} to {high:.1%})",
        flush=True,
    )
    return wrong <= MOST_FALSE


def itself_found(arrays: Arrays) -> bool:
    """Prints the ratio of a trainer to itself; whether it is close to 1."""
    ratio = seconds_ratio(*timed(CONFIG, arrays, CONFIG.rounds), CONFIG.seed)
    told("The VGG beside itself", ratio)
    return abs(ratio.seconds - 1) <= CLOSE


def slower_found(arrays: Arrays) -> bool:
    """Prints the ratio of a trainer to itself slowed down; whether it is called faster."""
    ratio = seconds_ratio(*timed(CONFIG, arrays, CONFIG.rounds, Slower()), CONFIG.seed)
    told(f"The VGG beside itself with steps longer by {SLOWDOWN:.0%}", ratio)
    return ratio.verdict == "faster"


if __name__ == "__main__":
    raise SystemExit(all_hold([no_false_alarm, itself_found, slower_found]))
