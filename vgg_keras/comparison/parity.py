"""The certificate: are two histories of digests the same?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Certificate:
    """Whether pairs of runs agree to the last bit after every epoch.

    Attributes:
        epochs_compared: Number of epochs, over all pairs.
        first_mismatch: Index of the first pair that diverges, and the epoch, counted from 1, after
            which its digests first differ; None if all agree.
    """

    epochs_compared: int
    first_mismatch: tuple[int, int] | None

    @property
    def verdict(self) -> str:
        """`identical` or `diverges`."""
        return "identical" if self.first_mismatch is None else "diverges"


def certify(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Certificate:
    """Compares digests pair by pair.

    Args:
        pairs: For each seed the digests of both trainers, one an epoch. A trainer that ran fewer
            epochs than the other diverges from it in the first epoch that it lacks.

    Returns:
        The certificate.

    Raises:
        ValueError: If no epoch was compared, which certifies nothing.
    """
    compared, mismatch = 0, None
    for index, (first, second) in enumerate(pairs):
        epochs = max(len(first), len(second))
        compared += min(len(first), len(second))
        for epoch in range(epochs):
            if mismatch is None and first[epoch : epoch + 1] != second[epoch : epoch + 1]:
                mismatch = (index, epoch + 1)
    if compared == 0 and mismatch is None:
        raise ValueError("expected at least one epoch to compare, received none")
    return Certificate(compared, mismatch)
