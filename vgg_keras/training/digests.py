"""A fingerprint of the training after each epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import keras

from vgg_keras.training.snapshot import State, state_of


class Digests(keras.callbacks.Callback):
    """Takes a sha256 over weights, optimizer variables and metric results after each epoch.

    Attributes:
        digests: hexadecimal, one an epoch.
    """

    remembered = ("digests",)

    def __init__(self) -> None:
        super().__init__()
        self.digests: list[str] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Adds the digest of the epoch."""
        self.digests.append(digest(state_of(self.model, logs or {})))


def digest(state: State) -> str:
    """The sha256 over shape, dtype and bytes of every array; names do not count."""
    sha256 = hashlib.sha256()
    for arrays in state.values():
        for _, array in arrays:
            sha256.update(f"{array.shape}{array.dtype}".encode())
            sha256.update(array.tobytes())
    return sha256.hexdigest()
