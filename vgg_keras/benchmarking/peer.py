"""A training in another framework, in a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vgg_keras.benchmarking.peers.task import Task
from vgg_keras.benchmarking.turns import Turns
from vgg_keras.config import BenchmarkConfig
from vgg_keras.datasets import Arrays
from vgg_keras.models.vgg import VGG


class Peer:
    """A program that trains in another framework.

    Args:
        name: of the framework, which is that of a module in `vgg_keras.benchmarking.peers`.
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
        command = [
            sys.executable,
            "-m",
            f"vgg_keras.benchmarking.peers.{name}",
            json.dumps(asdict(task)),
        ]
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
