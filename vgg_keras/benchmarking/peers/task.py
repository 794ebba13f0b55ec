"""What a peer is asked to train, and how it is timed."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Task:
    """What a peer trains.

    Attributes:
        data: An `.npz` file with `images`, uint8 of shape `(images, height, width, channels)`, and
            `labels`, integers of shape `(images,)`.
        filters: For each block the filter counts of its convolutions.
        dense: Units of the dense layers.
        classes: Number of outputs.
        batch_size: Images a step.
        precision: Arithmetic: `float32` or `bfloat16`.
        seed: Seed of weights and order.
        calls: Steps that count in a block.
    """

    data: str
    filters: list[list[int]]
    dense: list[int]
    classes: int
    batch_size: int
    precision: str
    seed: int
    calls: int

    def batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields full batches for ever, every epoch in another order."""
        with np.load(self.data) as arrays:
            images, labels = arrays["images"], arrays["labels"]
        generator = np.random.default_rng(self.seed)
        while True:
            order = generator.permutation(len(images))
            for start in range(0, len(order) - self.batch_size + 1, self.batch_size):
                indices = order[start : start + self.batch_size]
                yield images[indices].astype(np.float32) / 255, labels[indices]


def serve(make_step: Callable[[Task], Callable[[np.ndarray, np.ndarray], object]]) -> None:
    """Trains a block of steps for each line of standard input, and answers with seconds.

    The answer to the first line is the time of the first step, to each other line the mean time of
    a step of a block. The first step of a block does not count.

    Args:
        make_step: Makes of a task a function that trains a batch and waits until that is done.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the benchmark ends it
    task = Task(**json.loads(sys.argv[1]))
    step, batches = make_step(task), task.batches()

    def seconds(calls: int) -> float:
        began = time.perf_counter()
        for _ in range(calls):
            step(*next(batches))
        return (time.perf_counter() - began) / calls

    first = True
    for _ in sys.stdin:
        started = seconds(1)
        print(started if first else seconds(task.calls), flush=True)
        first = False
