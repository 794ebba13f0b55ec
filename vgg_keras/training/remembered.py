"""What callbacks have to remember, lest a training that goes on differ from an undisturbed one."""

from __future__ import annotations

from typing import Any

import keras

OF_KERAS: dict[type[keras.callbacks.Callback], tuple[str, ...]] = {
    keras.callbacks.History: ("history", "epoch"),
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_epoch", "best_weights"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "cooldown_counter", "best"),
    keras.callbacks.ModelCheckpoint: (
        "best",
        "_batches_seen_since_last_saving",
        "_last_batch_seen",
    ),
    keras.callbacks.SwapEMAWeights: ("_ema_weights_in_model",),
}
"""The attributes in which Keras's own callbacks keep what they have seen."""


def recall(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """What a callback has seen so far: JSON values and arrays.

    Args:
        callback: of Keras, or one that names its attributes in `remembered`.
    """
    names = getattr(callback, "remembered", ())
    for kind, attributes in OF_KERAS.items():
        names += attributes if isinstance(callback, kind) else ()
    return {name: getattr(callback, name) for name in names}


def remind(callback: keras.callbacks.Callback, values: dict[str, Any]) -> None:
    """Gives a callback back what it had seen."""
    for name, value in values.items():
        setattr(callback, name, value)
