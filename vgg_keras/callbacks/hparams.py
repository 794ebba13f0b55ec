"""A row of TensorBoard's HParams tab."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from vgg_keras.config import RunConfig

COMMON = ("dataset", "limit", "epochs", "batch_size", "precision", "model", "seed")


def write_row(
    home: Path, config: RunConfig, values: Mapping[str, Any], figures: Mapping[str, float]
) -> None:
    """Writes the row of a training, as a run of its own.

    TensorBoard takes every curve of a row's run, and of runs below it, for a figure of the row.

    Args:
        home: Folder of the training; its name under the `--logdir` is that of the row.
        config: Configuration of the training.
        values: Values of the hyperparameters.
        figures: What the training reached, by name.
    """
    common = {name: getattr(config, name) for name in COMMON}
    known = {name: value for name, value in (common | dict(values)).items() if value is not None}
    with tf.summary.create_file_writer(str(home / "hparams")).as_default():
        hparams.hparams(known, trial_id=str(home.relative_to(config.logdir)))
        for name, figure in figures.items():
            tf.summary.scalar(f"result/{name}", figure, step=0)
