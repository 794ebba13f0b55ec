"""One run: a model made, trained, tested and saved."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgg_keras.callbacks.events import writing_events
from vgg_keras.config import ModelConfig, TrainConfig
from vgg_keras.datasets import Arrays, Batches, load_dataset
from vgg_keras.errors import require
from vgg_keras.models.vgg import VGG
from vgg_keras.reporting.write import finished
from vgg_keras.runtime.compat import release_graphs
from vgg_keras.runtime.devices import make_strategy
from vgg_keras.runtime.machine import peak_rss_bytes
from vgg_keras.runtime.signals import heeding_signals
from vgg_keras.trainers import TRAINERS, Trainer
from vgg_keras.training.checkpoints import Checkpoints
from vgg_keras.training.directory import open_directory, reported
from vgg_keras.training.evaluation import accuracy_interval, evaluate
from vgg_keras.training.mistakes import worst_mistakes
from vgg_keras.training.recording import record
from vgg_keras.training.saved import remove_states


def train(
    config: TrainConfig,
    verbose: int = 0,
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> dict[str, Any]:
    """Trains once and leaves a run directory.

    Args:
        config: what to train, how, and where to keep it.
        verbose: of the progress: 0 none, 1 a bar, 2 a line an epoch.
        resume: go on with the run of that name, which was interrupted.
        callbacks: any Keras callbacks.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: if the configuration cannot be run, and nothing was written then; or if a file
            could not be written.
        InconclusiveError: if the training diverged.
    """
    arrays = load_checked(config)
    directory = open_directory(config, "train", resume)
    if result := finished(directory):
        return result
    with reported(directory, config) as ongoing:
        if not ongoing.value["runs"]:
            name, trainer = config.trainer, TRAINERS[config.trainer]
            run = run_once(name, trainer, config, arrays, directory, verbose, callbacks)
            ongoing.update(runs=[run])
        remove_states(directory)
    return ongoing.value


def load_checked(config: ModelConfig) -> Arrays:
    """Loads the data set and checks that the configuration fits it.

    Raises:
        InputError: if it does not.
    """
    arrays = load_dataset(config.dataset, config.limit)
    make_vgg(config, arrays).check_images(arrays.image_shape)
    sizes = {len(images) % config.batch_size for images in (arrays.x_train, arrays.x_test)}
    for strategy in config.asked("strategy"):
        devices = make_strategy(strategy).num_replicas_in_sync
        for size in (config.batch_size, *sizes):
            expected = f"batches that {devices} devices share evenly"
            received = f"one of {size} images; choose another --batch-size or --limit"
            require(size % devices == 0, "--strategy", expected, received)
    config.check_classes(arrays.classes)
    return arrays


def make_vgg(config: ModelConfig, arrays: Arrays) -> VGG:
    """Makes the configured VGG for the classes of a data set, not yet built."""
    changes: dict[str, Any] = {"classes": arrays.classes, "dtype": config.dtype_policy}
    if config.filters:
        changes["filters"] = [(count, count) for count in config.filters]
    return VGG.from_name(config.model, **changes)


def build_vgg(config: ModelConfig, arrays: Arrays) -> VGG:
    """Makes the configured VGG with weights that follow from the seed."""
    keras.utils.set_random_seed(config.seed)
    with make_strategy(config.strategy).scope():
        model = make_vgg(config, arrays)
        model.build((None, *arrays.image_shape))
    return model


def make_batches(config: ModelConfig, arrays: Arrays) -> Batches:
    """Makes the batches in the order that follows from the seed."""
    return Batches(arrays, config.batch_size, config.seed, config.class_weight)


def run_trainer(
    trainer: Trainer,
    model: keras.Model,
    batches: Batches,
    config: ModelConfig,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: int = 0,
) -> keras.callbacks.History:
    """Trains a model under the strategy that it was built with."""
    with model.distribute_strategy.scope():
        return trainer(model, batches, config, callbacks, verbose)


@release_graphs()
def run_once(
    name: str,
    trainer: Trainer,
    config: ModelConfig,
    arrays: Arrays,
    home: Path,
    verbose: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> dict[str, Any]:
    """Trains, evaluates and saves one model; goes on where a state was saved.

    Args:
        name: of the trainer.
        trainer: trains a model in place.
        config: of the run.
        arrays: to train on.
        home: gets the event files, the states and `model.keras`.
        verbose: of the progress.
        callbacks: any Keras callbacks, beside those that record.

    Returns:
        An entry of `runs` in `result.json`.
    """
    gc.collect()  # the model of the run before is part of cycles
    if verbose:
        print(f"\nTrainer {name}, seed {config.seed}", flush=True)
    home.mkdir(parents=True, exist_ok=True)
    model, batches = build_vgg(config, arrays), make_batches(config, arrays)
    recording = record(home, config, arrays)
    digests, cumulative, timing = recording.digests, recording.cumulative, recording.timing
    with heeding_signals() as wish, writing_events():
        checkpoints = Checkpoints(home, batches, config, [*recording, *callbacks], wish)
        history = run_trainer(trainer, model, batches, config, [checkpoints], verbose)
        model.save(home / "model.keras")
        evaluation = evaluate(model, batches)
        test = evaluation.figures
        mistakes = worst_mistakes(evaluation, arrays)
        seconds = sum(timing.seconds_per_epoch)
        recording.summaries.finish(
            name,
            evaluation.labels,
            evaluation.probabilities,
            test["accuracy"],
            [(np.asarray(m.image), m.caption) for m in mistakes],
            seconds,
        )
    return {
        "trainer": name,
        "seed": config.seed,
        "epochs_done": len(digests.digests),
        "history": {key: history.history[key] for key in cumulative.history},
        "cumulative": cumulative.history,
        "digests": digests.digests,
        "seconds_per_epoch": timing.seconds_per_epoch,
        "first_step_seconds": timing.first_step_seconds,
        "images_per_second": timing.images_per_second,
        "peak_rss_bytes": peak_rss_bytes(),
        "test": test,
        "test_interval": accuracy_interval(test["correct"], test["total"]),
        "wrong": evaluation.wrong.tolist(),
        "mistakes": [mistake.to_dict() for mistake in mistakes],
    }
