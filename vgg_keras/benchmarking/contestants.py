"""Who takes part in a benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vgg_keras.benchmarking import bare
from vgg_keras.benchmarking.peer import Peer
from vgg_keras.benchmarking.product import Product, flops
from vgg_keras.benchmarking.turns import Contestant, Training
from vgg_keras.config import BenchmarkConfig
from vgg_keras.config.base import MOST
from vgg_keras.config.variants import parse_variant
from vgg_keras.datasets import Arrays
from vgg_keras.trainers import TRAINERS
from vgg_keras.training.recording import record
from vgg_keras.training.run import build_vgg, make_batches, run_trainer

BARE = {"bare-tape": bare.tape, "bare-fit": bare.fit}


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
            lambda pace: run_trainer(trainer, model, batches, config, [*recording, pace]),
            config.steps,
        )
    if name in BARE:
        return Training(lambda pace: BARE[name](model, arrays, config, pace), config.steps)
    return Peer(name, model, config, arrays, home)
