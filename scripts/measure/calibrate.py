"""Does the comparison raise false alarms, and does it find real differences of a small VGG?

Pairs of trainings with the same trainer but other seeds must not be called different; a planted
loss of accuracy must be; one planted bit must be found where it was planted.

Usage: `python scripts/measure/calibrate.py`, a few minutes on two cores. Exit status 1: a bound is
broken.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from statistics import fmean, stdev
from typing import Any

import keras
import numpy as np
from bounds import all_hold
from scipy.stats import binomtest

from vgg_keras.comparison.equivalence import margins, word
from vgg_keras.comparison.lockstep import first_difference
from vgg_keras.comparison.statistics import LEVEL, POWER, paired, power
from vgg_keras.config import TrainConfig
from vgg_keras.config.lists import FilterCounts
from vgg_keras.datasets import Arrays
from vgg_keras.models.factory import make_vgg
from vgg_keras.runs.results import Difference
from vgg_keras.runtime.compat import release_graphs
from vgg_keras.trainers import TRAINERS
from vgg_keras.training.training import Training

COMPARISONS = 100
PLANTED = 0.005
CONFIG = TrainConfig(filters=FilterCounts([4, 8]), epochs=1)
MARGINS = margins(0.1, classes=10)

Figures = dict[str, float]


def training(
    config: TrainConfig, arrays: Arrays, trainer: str, *planted: keras.callbacks.Callback
) -> Training:
    """Makes a training of the small VGG, with callbacks before those that are given later."""

    def train(
        model: Any, data: Any, config: Any, callbacks: Any = (), verbose: Any = 0
    ) -> keras.callbacks.History:
        return TRAINERS[trainer](model, data, config, [*planted, *callbacks], verbose)

    def make_model() -> keras.Model:
        model = make_vgg(config, 10)
        model.build((None, 28, 28, 1))
        return model

    return Training(config, arrays, make_model, train, trainer)


@release_graphs()
def train(arrays: Arrays, seed: int) -> Figures:
    """Trains once, and gives the figures on the test images."""
    history = training(replace(CONFIG, seed=seed), arrays, "fit").run().history
    return {metric: history[metric.replace("test", "val")][-1] for metric in MARGINS}


def verdicts(trainings: Sequence[Figures], seeds: int, planted: float = 0.0) -> list[str]:
    """Compares pairs drawn from real trainings.

    Args:
        trainings: Trainings with different seeds.
        seeds: Pairs of a comparison, each of two different trainings.
        planted: Loss of accuracy of the second of each pair, from 0 to 1.
    """
    draw = random.Random(0)

    def verdict() -> str:
        pairs = [draw.sample(trainings, 2) for _ in range(seeds)]
        shifts = {"test_accuracy": planted, "test_loss": 0.0}
        return word(
            "diverges",
            [
                paired([a[metric] - b[metric] + shifts[metric] for a, b in pairs], margin)
                for metric, margin in MARGINS.items()
            ],
        )

    return [verdict() for _ in range(COMPARISONS)]


def share(verdicts: Sequence[str]) -> tuple[int, float, float]:
    """How many are `different`, and the exact 95 % interval of their share."""
    different = verdicts.count("different")
    low, high = binomtest(different, len(verdicts)).proportion_ci()
    return different, low, high


def no_false_alarm(arrays: Arrays) -> bool:
    """Prints how often one trainer is called different from itself; whether that is seldom."""
    few = replace(arrays, x_train=arrays.x_train[:600], y_train=arrays.y_train[:600])
    trainings = [train(few, seed) for seed in range(40)]
    different, low, high = share(verdicts(trainings, seeds=5))
    print(f"\nOne trainer compared with itself: {described(trainings, few)}.")
    print(
        f"Called different in {different} of {COMPARISONS} comparisons of 5 seeds "
        f"(95 % interval {low:.1%} to {high:.1%}; at most {LEVEL:.0%} expected)",
        flush=True,
    )
    return different <= LEVEL * COMPARISONS


def loss_found(arrays: Arrays) -> bool:
    """Prints how often a planted loss of accuracy is found; whether as often as computed."""
    trainings = [train(arrays, seed) for seed in range(10)]
    deviation = stdev(training["test_accuracy"] for training in trainings) * 2**0.5
    margin = MARGINS["test_accuracy"]
    needed = next(n for n in count(2) if power(n, PLANTED, deviation, margin) >= POWER)
    print(f"\n{PLANTED:.1%} of accuracy taken away: {described(trainings, arrays)}.")
    print(f"{needed} seeds are needed for a power of {POWER:.0%}. Found with")
    shares = {n: share(verdicts(trainings, n, PLANTED)) for n in sorted({3, 5, needed})}
    for seeds, (different, low, high) in shares.items():
        print(
            f"  {seeds} seeds in {different} of {COMPARISONS} comparisons (95 % interval {low:.1%} "
            f"to {high:.1%}; power computed {power(seeds, PLANTED, deviation, margin):.0%})"
        )
    return shares[needed][2] >= POWER


def described(trainings: Sequence[Figures], arrays: Arrays) -> str:
    """What the trainings are, with mean and standard deviation of their accuracy."""
    accuracies = [training["test_accuracy"] for training in trainings]
    return (
        f"{len(trainings)} trainings of {len(arrays.x_train)} images, "
        f"accuracy {fmean(accuracies):.2%} ± {stdev(accuracies):.2%}"
    )


class Planted(keras.callbacks.Callback):
    """Flips the last bit of one weight at the end of step 2 of epoch 2."""

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Remembers the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Flips the bit when it is time."""
        if (self.epoch, batch) == (1, 1):
            kernel = self.model.stack[3].kernel
            bits = kernel.numpy().view(np.int32)
            bits.flat[0] ^= 1
            kernel.assign(bits.view(np.float32))


def bit_found(arrays: Arrays) -> bool:
    """Prints where a planted bit was found; whether that is where it was planted."""
    few, config = arrays.first(600), replace(CONFIG, epochs=2)
    trainings = training(config, few, "tape"), training(config, few, "fit", Planted())
    found = first_difference(trainings)
    if found is None:
        print("The planted bit was not found.")
        return False
    print("One bit planted in step 2 of epoch 2 in vgg/block2_conv1/kernel, found in")
    print(f"step {found.step} of epoch {found.epoch} in {found.variable}, stage {found.stage}")
    place = Difference(2, 2, "weights", "vgg/block2_conv1/kernel", found.max_abs, max_ulp=1.0)
    return found == place


if __name__ == "__main__":
    raise SystemExit(all_hold([bit_found, no_false_alarm, loss_found]))
