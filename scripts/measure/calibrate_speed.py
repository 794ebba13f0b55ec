"""Is a trainer called slower than itself, and is a slower one found? Asked with real trainings.

Usage: `python scripts/measure/calibrate_speed.py`, a few minutes on two cores. Exit status 1: a
bound is broken.
"""

from __future__ import annotations

import time

import keras
from bounds import all_hold
from scipy.stats import binomtest

from vgg_keras.benchmarking.alternation import PacedTraining, Timings, alternate
from vgg_keras.benchmarking.ratio import seconds_ratio
from vgg_keras.benchmarking.variants import training_config
from vgg_keras.config import BenchmarkConfig
from vgg_keras.config.base import MOST
from vgg_keras.config.lists import FilterCounts
from vgg_keras.datasets import Arrays
from vgg_keras.models.factory import make_vgg
from vgg_keras.runs.results import Ratio
from vgg_keras.trainers import tape
from vgg_keras.training.training import Training

COMPARISONS = 100
BOTH = ("tape", "tape")
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
) -> tuple[Timings, Timings]:
    """Times the tape trainer beside itself, the second one perhaps slower."""
    endless = training_config(config, "tape", epochs=MOST)

    def make_model() -> keras.Model:
        model = make_vgg(endless, 10)
        model.build((None, 28, 28, 1))
        return model

    def paced(*callbacks: Slower) -> PacedTraining:
        training = Training(endless, arrays, make_model, tape.train, "tape")
        return PacedTraining(lambda pace: training.run([*callbacks, pace]), config.steps)

    first, second = paced(), paced(*slower)
    alternate([first, second], rounds)
    return first.timings, second.timings


def show(what: str, ratio: Ratio) -> None:
    """Prints a ratio."""
    print(f"{what}: {ratio.seconds:.3f} times the time ({ratio.low:.3f} to {ratio.high:.3f})")


def no_false_alarm(arrays: Arrays) -> bool:
    """Prints how often a trainer is called faster or slower than itself; whether seldom."""
    first, second = timed(SMALL, arrays, rounds=COMPARISONS * SMALL.rounds)
    size = 2 * SMALL.rounds
    verdicts = [
        seconds_ratio(
            BOTH,
            Timings(0, first.call_seconds[begin : begin + size]),
            Timings(0, second.call_seconds[begin : begin + size]),
            seed=0,
        ).verdict
        for begin in range(0, COMPARISONS * size, size)
    ]
    wrong = COMPARISONS - verdicts.count("undecided")
    low, high = binomtest(wrong, COMPARISONS).proportion_ci()
    print(
        f"A small VGG and itself: called faster or slower in {wrong} of {COMPARISONS} "
        f"comparisons of {SMALL.rounds} rounds (95 % interval {low:.1%} to {high:.1%})",
        flush=True,
    )
    return wrong <= MOST_FALSE


def itself_found(arrays: Arrays) -> bool:
    """Prints the ratio of a trainer to itself; whether it is close to 1."""
    ratio = seconds_ratio(BOTH, *timed(CONFIG, arrays, CONFIG.rounds), CONFIG.seed)
    show("The VGG and itself", ratio)
    return abs(ratio.seconds - 1) <= CLOSE


def slower_found(arrays: Arrays) -> bool:
    """Prints the ratio of a trainer to itself slowed down; whether it is called faster."""
    ratio = seconds_ratio(BOTH, *timed(CONFIG, arrays, CONFIG.rounds, Slower()), CONFIG.seed)
    show(f"The VGG and itself with steps longer by {SLOWDOWN:.0%}", ratio)
    return ratio.verdict == "faster"


if __name__ == "__main__":
    raise SystemExit(all_hold([no_false_alarm, itself_found, slower_found]))
