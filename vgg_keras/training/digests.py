"""A fingerprint of the training after each epoch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

import keras

from vgg_keras.errors import InconclusiveError
from vgg_keras.runtime.peers import exchange
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
        """Adds the digest of the epoch.

        Raises:
            InconclusiveError: If it is not the same on all devices of all processes.
        """
        snapshot = Snapshot.take(self.model, logs)
        own = [snapshot.digest(device) for device in range(snapshot.devices)]
        parts = [json.loads(part) for part in exchange(json.dumps(own).encode())]
        digests = {
            f"device {device} of process {process}": digest
            for process, part in enumerate(parts)
            for device, digest in enumerate(part)
        }
        usual = Counter(digests.values()).most_common(1)[0][0]
        for name, digest in digests.items():
            if digest != usual:
                raise InconclusiveError(
                    f"{name} has other weights than most after epoch {epoch + 1}; its machine may "
                    "compute in another way, or a step of its own has changed them"
                )
        self.digests.append(own[0])
