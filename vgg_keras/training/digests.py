"""A fingerprint of the training after each epoch."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from vgg_keras.training.snapshot import Snapshot


class Digests(keras.callbacks.Callback):
    """Takes a sha256 over weights, optimizer variables and metric results after each epoch.

    Attributes:
        digests: Hexadecimal, one an epoch.
    """

    remembered = ("digests",)

    def __init__(self) -> None:
        super().__init__()
        self.digests: list[str] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Adds the digest of the epoch."""
        self.digests.append(Snapshot.take(self.model, logs).digest())
