"""Tests a model: the figures of `Model.evaluate`, and what it says of every example."""

from __future__ import annotations

from dataclasses import dataclass, field

import keras
import numpy as np

from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.models.classes import as_classes
from vgg_keras.runs.results import Test


@dataclass(frozen=True)
class Evaluation:
    """What a model says of the test data.

    Attributes:
        loss: Mean over the examples, as in `Model.evaluate`.
        metrics: The model's other figures, by name.
        total: Number of test examples.
        labels: Integers of shape `(examples,)`; None if the model is no classifier.
        probabilities: Floats of shape `(examples, classes)`; None likewise.
    """

    loss: float
    metrics: dict[str, float] = field(default_factory=dict)
    total: int = 0
    labels: np.ndarray | None = None
    probabilities: np.ndarray | None = None

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each example: integers of shape `(examples,)`."""
        assert self.probabilities is not None
        return self.probabilities.argmax(axis=1)

    @property
    def wrong(self) -> np.ndarray:
        """Indices of the examples that it gets wrong, ascending."""
        return np.nonzero(self.predicted != self.labels)[0]

    @property
    def confusion(self) -> dict[str, dict[str, int]] | None:
        """Numbers of examples, by true class and by predicted class; None without classes."""
        if self.labels is None:
            return None
        counts: dict[str, dict[str, int]] = {}
        pairs = np.stack([self.labels, self.predicted], axis=1)
        for (label, predicted), count in zip(
            *np.unique(pairs, axis=0, return_counts=True), strict=True
        ):
            counts.setdefault(str(label), {})[str(predicted)] = int(count)
        return counts

    @property
    def test(self) -> Test:
        """The figures."""
        metrics: dict[str, float | None] = dict(self.metrics)
        accuracy = metrics.pop("accuracy", None)
        if self.labels is None:
            return Test(self.loss, accuracy, None, self.total, metrics)
        correct = self.total - len(self.wrong)
        accuracy = correct / self.total if accuracy is None else accuracy
        return Test(self.loss, accuracy, correct, self.total, metrics)

    def mistakes(self, most: int) -> np.ndarray:
        """Indices of wrong examples, the one with the most probable wrong class first.

        Args:
            most: How many at most.
        """
        assert self.probabilities is not None
        surest = np.argsort(-self.probabilities[self.wrong].max(axis=1), kind="stable")
        return self.wrong[surest[:most]]


def evaluate(model: keras.Model, data: Batches | StreamBatches) -> Evaluation:
    """Tests a model on every test example.

    Args:
        model: Compiled model.
        data: Gives the test batches.
    """
    figures = model.evaluate(data.test, return_dict=True, verbose=0)
    loss = figures.pop("loss")
    labels = probabilities = None
    spec = data.test.element_spec[1]
    if hasattr(spec, "dtype") and spec.dtype.is_integer:
        labels = np.concatenate([batch[1] for batch in data.test.as_numpy_iterator()])
        outputs = model.predict(data.test.map(lambda x, *_: (x,)), verbose=0)
        labels, probabilities = as_classes(labels, outputs)
    return Evaluation(loss, figures, data.test_count, labels, probabilities)
