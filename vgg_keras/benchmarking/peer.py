"""A training in another framework, in a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vgg_keras.benchmarking.alternation import Timings
from vgg_keras.benchmarking.peers.task import Task
from vgg_keras.config import BenchmarkConfig
from vgg_keras.datasets import Arrays, Data
from vgg_keras.models.vgg import VGG


class Peer:
    """A program that trains in another framework.

    Args:
        name: Name of the framework, and of a module in `vgg_keras.benchmarking.peers`.
        model: Model whose shape it trains.
        config: Configuration of the benchmark.
        data: Images to train on.
        home: Folder that gets them as a file.

    Attributes:
        timings: Times of the blocks.
    """

    def __init__(self, name: str, model: VGG, config: BenchmarkConfig, data: Data, home: Path):
        self.timings = Timings()
        home.mkdir(parents=True)
        assert isinstance(data, Arrays)
        np.savez(home / "data.npz", images=data.x_train, labels=data.y_train)
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
        command = [
            sys.executable,
            "-m",
            f"vgg_keras.benchmarking.peers.{name}",
            json.dumps(asdict(task)),
        ]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def run_block(self) -> None:
        """Lets the program train a block of steps.

        Raises:
            RuntimeError: If it has ended.
        """
        if not self.timings.first_call_seconds:
            self.timings.first_call_seconds = self._ask()
        self.timings.call_seconds.append(self._ask())

    def _ask(self) -> float:
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):
            print(file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"expected an answer of the program for {self._name}, which ended")
        return float(answer)

    def finish(self) -> None:
        """Ends the program."""
        self._process.communicate()
