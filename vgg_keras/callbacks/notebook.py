"""The notebook's own line after each epoch."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from vgg_keras.callbacks.cumulative import Cumulative
from vgg_keras.reporting.notebook import PUBLISHED, line


class NotebookLines(keras.callbacks.Callback):
    """Prints each epoch in the notebook's line, and below it the line that it published.

    They follow the progress that Keras prints at the end of the epoch.

    Args:
        cumulative: Has the figures.
    """

    def __init__(self, cumulative: Cumulative):
        super().__init__()
        self._cumulative = cumulative
        self._ended: int | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Says what the figures are."""
        print("The notebook's line is cumulative from the first epoch. Below it stands the one")
        print("that it published, with 60,000 images.", flush=True)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Prints the epoch before."""
        self._print()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes the epoch."""
        self._ended = epoch

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Prints the last epoch."""
        self._print()

    def _print(self) -> None:
        epoch, self._ended = self._ended, None
        if epoch is None:
            return
        print(line(self._cumulative.history, epoch), flush=True)
        if epoch < len(PUBLISHED["loss"]):
            print(f"{line(PUBLISHED, epoch)} (published)", flush=True)
