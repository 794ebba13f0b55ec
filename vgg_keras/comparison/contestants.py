"""Who takes part in a benchmark."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from vgg_keras.benchmark_config import BenchmarkConfig
from vgg_keras.comparison import bare
from vgg_keras.comparison.run import build_vgg, make_batches
from vgg_keras.comparison.turns import Contestant, Training, Turns
from vgg_keras.config import MOST
from vgg_keras.datasets import Arrays
from vgg_keras.model import VGG
from vgg_keras.peers.task import Task
from vgg_keras.recording import record
from vgg_keras.trainers import TRAINERS
from vgg_keras.variants import parse_variant

BARE = {"bare-tape": bare.tape, "bare-fit": bare.fit}
SIDE = 1024


def make_contestant(
    variant: str, recorded: bool, config: BenchmarkConfig, arrays: Arrays, home: Path
) -> Contestant:
    """Makes a contestant.

    Args:
        variant: such as `tape`, `bare-fit:bfloat16`, `torch` or `matmul`.
        recorded: whether its recording is timed too; of trainers only.
        config: of the benchmark.
        arrays: to train on.
        home: a folder of its own.
    """
    name, changes = parse_variant(variant)
    config = replace(config, epochs=MOST, **changes)
    model = build_vgg(config, arrays)
    if name == "matmul":
        return Product(
            flops(model, arrays.image_shape) * config.batch_size, config.precision, config.steps
        )
    if name in TRAINERS:
        trainer, batches = TRAINERS[name], make_batches(config, arrays)
        recording = record(home, config, arrays) if recorded else ()
        return Training(
            lambda pace: trainer(model, batches, config, [*recording, pace], 0), config.steps
        )
    if name in BARE:
        return Training(lambda pace: BARE[name](model, arrays, config, pace), config.steps)
    return Peer(name, model, config, arrays, home)


class Peer:
    """A program that trains in another framework.

    Args:
        name: of the framework, which is that of a module in `vgg_keras.peers`.
        model: whose shape it trains.
        config: of the benchmark.
        arrays: to train on.
        home: gets them as a file.

    Attributes:
        turns: what they took.
    """

    def __init__(self, name: str, model: VGG, config: BenchmarkConfig, arrays: Arrays, home: Path):
        self.turns = Turns()
        home.mkdir(parents=True)
        np.savez(home / "data.npz", images=arrays.x_train, labels=arrays.y_train)
        task = Task(
            data=str(home / "data.npz"),
            filters=[list(block) for block in model.filters],
            dense=list(model.dense),
            classes=model.classes,
            batch_size=config.batch_size,
            precision=config.precision,
            seed=config.seed,
            calls=config.steps,
        )
        self._name = name
        command = [sys.executable, "-m", f"vgg_keras.peers.{name}", json.dumps(asdict(task))]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def play(self) -> None:
        """Lets the program train a turn.

        Raises:
            RuntimeError: if it has ended.
        """
        if not self.turns.first_call_seconds:
            self.turns.first_call_seconds = self._ask()
        self.turns.call_seconds.append(self._ask())

    def _ask(self) -> float:
        assert self._process.stdin
        assert self._process.stdout
        print(file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"expected an answer of the program for {self._name}, which ended")
        return float(answer)

    def leave(self) -> None:
        """Ends the program."""
        self._process.communicate()


class Product:
    """Products of matrices with as many operations as a training step: what the machine can do.

    Args:
        operations: floating-point operations of a step.
        precision: float32, bfloat16 or float16.
        calls: steps' worth in a turn.

    Attributes:
        turns: what they took.
    """

    def __init__(self, operations: float, precision: str, calls: int):
        self.turns = Turns()
        self._steps_a_product = 2 * SIDE**3 / operations
        self._products = max(1, round(calls / self._steps_a_product))
        self._matrix = tf.random.stateless_normal((SIDE, SIDE), (0, 0), dtype=precision)

    def play(self) -> None:
        """Multiplies."""
        tf.linalg.matmul(self._matrix, self._matrix)
        began = time.perf_counter()
        for _ in range(self._products):
            product = tf.linalg.matmul(self._matrix, self._matrix)
        product.numpy()
        seconds = (time.perf_counter() - began) / self._products
        self.turns.call_seconds.append(seconds / self._steps_a_product)

    def leave(self) -> None:
        """Does nothing: there is nothing to end."""


def flops(model: VGG, image_shape: tuple[int, ...]) -> float:
    """Floating-point operations of a training step for one image.

    Counts the convolutions and the dense layers: two operations a weight and position, forward; as
    many for the gradient of the weights, and for that of the inputs but in the first layer. For the
    small VGG 112 million.
    """
    shape, forward = (1, *image_shape), []
    for layer in model.stack:
        shape = layer.compute_output_shape(shape)
        if hasattr(layer, "kernel"):
            forward.append(2.0 * np.prod(layer.kernel.shape) * np.prod(shape[1:-1]))
    return 3 * sum(forward) - forward[0]
