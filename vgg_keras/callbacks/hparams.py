"""A row of TensorBoard's HParams tab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams


def write_row(
    name: str,
    values: Mapping[str, Any],
    score: float,
    parameters: int,
    seconds: float,
) -> None:
    """Writes the row of a training to the default summary writer.

    TensorBoard orders the columns by tag and shows the first five metrics, hence the `design/` that
    puts these before those of epochs.

    Args:
        name: Name of the row, which no other row under the same `--logdir` has.
        values: Values of the hyperparameters.
        score: Score of the training.
        parameters: Number of parameters of the model.
        seconds: Time that it took.
    """
    hparams.hparams(dict(values), trial_id=name)
    for tag, value in {"score": score, "parameters": parameters, "seconds": seconds}.items():
        tf.summary.scalar(f"design/{tag}", value, step=0)
