"""What a benchmark times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import keras

from vgg_keras.benchmarking import bare
from vgg_keras.benchmarking.alternation import PacedTraining, Variant
from vgg_keras.benchmarking.peer import Peer
from vgg_keras.benchmarking.product import Product
from vgg_keras.config import BenchmarkConfig, TrainConfig
from vgg_keras.config.base import MOST
from vgg_keras.config.variants import BARE_NAMES, parse_variant
from vgg_keras.models.vgg import VGG, flops
from vgg_keras.training.parts import Parts
from vgg_keras.training.recording import record

BARE: dict[str, Callable[..., object]] = {"bare-tape": bare.tape, "bare-fit": bare.fit}


def training_config(config: BenchmarkConfig, variant: str, **changes: Any) -> TrainConfig:
    """The configuration of the training of a variant."""
    parsed = parse_variant(variant)
    shared = {
        field.name: getattr(config, field.name)
        for field in fields(TrainConfig)
        if hasattr(config, field.name)
    }
    return TrainConfig(**{**shared, **parsed.changes, "trainer": parsed.trainer, **changes})


def make_variant(
    variant: str, recorded: bool, config: BenchmarkConfig, parts: Parts, home: Path
) -> Variant:
    """Makes what is timed.

    Args:
        variant: Variant, such as `tape`, `bare-fit:bfloat16`, `torch` or `matmul`.
        recorded: Whether the recording of a trainer is timed too.
        config: Configuration of the benchmark.
        parts: What trainings are made of.
        home: A folder of its own.
    """
    training_of = training_config(config, variant, epochs=MOST, logdir=str(home.parent))
    name, calls = training_of.trainer, config.steps
    if name in parts.trainers:
        training = parts.training(training_of, parse_variant(variant).name)
        steps = training.model.steps_per_execution
        recording = (
            record(home, training_of, parts.data, training.batches, steps) if recorded else ()
        )
        return PacedTraining(lambda pace: training.run([*recording, pace]), calls)
    keras.utils.set_random_seed(config.seed)
    model = parts.make_model(training_of)
    assert isinstance(model, VGG)
    if name == "matmul":
        return Product(flops(model) * config.batch_size, training_of.precision, calls)
    if name in BARE_NAMES:
        train = BARE[name]
        return PacedTraining(lambda pace: train(model, parts.data, training_of, pace), calls)
    return Peer(name, model, replace(config, precision=training_of.precision), parts.data, home)


def trainer_names(config: BenchmarkConfig) -> list[str]:
    """The trainers that a benchmark needs; the others are timed beside them."""
    names = [parse_variant(variant).trainer for variant in config.all_variants]
    others = {*BARE, "torch", "jax", "matmul"}
    return [name for name in names if name not in others]
