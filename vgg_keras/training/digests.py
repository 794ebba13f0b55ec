"""A fingerprint of the training after each epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import keras

from vgg_keras.errors import InconclusiveError
from vgg_keras.runtime.peers import exchange, peer_name
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
            InconclusiveError: If it is not the same in all processes.
        """
        digest = Snapshot.take(self.model, logs).digest()
        digests = exchange(digest.encode())
        usual = Counter(digests).most_common(1)[0][0]
        other = next((i for i, each in enumerate(digests) if each != usual), None)
        if other is not None:
            raise InconclusiveError(
                f"{peer_name(other)} has other weights than most workers after epoch {epoch + 1}; "
                "train with one that computes as the others do"
            )
        self.digests.append(digest)
