"""The notebook's own figures, whose metrics are never reset."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras


class Cumulative(keras.callbacks.Callback):
    """Keeps means over all epochs so far, the way the notebook's metrics do.

    The notebook's losses are means of batch means, so that a short last batch counts as much as
    a full one. They are worked out here from the running means that `fit` gives with each batch.
    With `steps_per_execution` above 1 the batches of one call share the mean of their images. Once
    metrics are reset inside an epoch, as by a callback that evaluates, they are not known any more.

    Args:
        images: Number of training images.
        tests: Number of test images.
        batch_size: Images a batch.

    Attributes:
        history: `loss`, `accuracy`, `val_loss`, `val_accuracy`, one figure an epoch, NaN if it is
            not known; no accuracies of a model that has none.
    """

    remembered = ("history", "_sums")

    def __init__(self, images: int, tests: int, batch_size: int):
        super().__init__()
        self._train = _Means(images, batch_size)
        self._test = _Means(tests, batch_size)
        self.history: dict[str, list[float | None]] = {}

    @property
    def _sums(self) -> list[dict[str, Any]]:
        return [dict(vars(self._train)), dict(vars(self._test))]

    @_sums.setter
    def _sums(self, sums: list[dict[str, Any]]) -> None:
        for means, values in zip((self._train, self._test), sums, strict=True):
            vars(means).update(values)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts an epoch of training images."""
        self._train.begin()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Takes in the training batches up to `batch`."""
        self._train.add(batch, logs or {}, self._count())

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Starts an epoch of test images."""
        self._test.begin()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Takes in the test batches up to `batch`."""
        self._test.add(batch, logs or {}, self._count())

    def _count(self) -> float:
        """What the metrics of the loss have counted since they were reset."""
        metrics = self.params.get("metrics")
        metrics = self.model.metrics if metrics is None else metrics
        means = [m for m in metrics if isinstance(m, keras.metrics.Mean) and "loss" in m.name]
        return sum(float(mean.count.numpy()) for mean in means)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Adds the figures of all epochs so far."""
        for prefix, means in (("", self._train), ("val_", self._test)):
            figures = {"loss": means.losses / means.batches}
            if means.has_accuracy:
                figures["accuracy"] = means.correct / means.images
            for name, figure in figures.items():
                self.history.setdefault(f"{prefix}{name}", []).append(figure)


class _Means:
    """Sums over batches, from the running means of an epoch."""

    def __init__(self, images: int, batch_size: int):
        self._size, self._batch_size = images, batch_size
        self.losses, self.batches = 0.0, 0
        self.correct, self.images = 0.0, 0
        self.has_accuracy = True
        self.begin()

    def begin(self) -> None:
        self._seen, self._batches, self._loss, self._correct = 0, 0, 0.0, 0.0
        self._counted = -1.0

    def add(self, batch: int, logs: Mapping[str, float], counted: float) -> None:
        if counted < self._counted:
            self.losses = self.correct = math.nan
        self._counted = counted
        seen = min((batch + 1) * self._batch_size, self._size)
        batches = -(-seen // self._batch_size)
        new_images, new_batches = seen - self._seen, batches - self._batches
        self.has_accuracy = "accuracy" in logs
        loss, correct = logs["loss"] * seen, logs.get("accuracy", 0.0) * seen
        self.losses += (loss - self._loss) / new_images * new_batches
        self.batches += new_batches
        self.correct += correct - self._correct
        self.images += new_images
        self._seen, self._batches, self._loss, self._correct = seen, batches, loss, correct
