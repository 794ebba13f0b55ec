"""The figures of a loop, beside those that `fit` gives for the same steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.diagnosis.data import Rows
from vgg_keras.diagnosis.findings import Finding
from vgg_keras.diagnosis.judge import Judge
from vgg_keras.diagnosis.observer import Observer, State
from vgg_keras.diagnosis.reference import (
    Batch,
    Forward,
    Reference,
    Variation,
    as_tensors,
    close,
)
from vgg_keras.runtime import compat

TOLERANCE = 1e-4
"""Relative difference of figures that is no difference: they are sums in other orders."""

OTHER_LOSSES = {"gradient-scale", "loss-definition", "loss-scaling"}
"""Causes after which the loop's loss is expected to be another one."""

OTHER_STEPS = {"double-update", "gradient-accumulation", "validation-leak"}
"""Causes after which an epoch has other steps than `fit`'s, and figures cannot be compared."""

Candidate = tuple[tuple[str, ...], Callable[[int], float]]
"""Causes, and the figure that they give for an epoch."""


@dataclass(frozen=True)
class Epoch:
    """Figures of an epoch.

    Attributes:
        batches: For each batch its figures by name, and its size.
        whole: The figures that `fit` gives.
    """

    batches: list[tuple[dict[str, float], int]]
    whole: dict[str, float]


def history_of(returned: Any) -> dict[str, list[float]]:
    """What a loop returned as figures, one an epoch; empty if it is no history."""
    history = getattr(returned, "history", returned)
    if not isinstance(history, Mapping):
        return {}
    figures = {}
    for name, values in history.items():
        try:
            figures[str(name)] = [float(np.asarray(value)) for value in values]
        except (TypeError, ValueError):
            continue
    return figures


def history_of_metrics(observer: Observer, epochs: int) -> dict[str, list[float]]:
    """What a loop's means held at the end of each epoch, by their names."""
    calls = sum(len(step.calls) for step in observer.steps)
    ends = [int(end) for end in np.linspace(0, calls, epochs + 1)[1:]]
    figures = {}
    own = {id(metric) for metric in observer.own_metrics()}
    for figure in observer.figures.values():
        name = figure.metric.name
        if id(figure.metric) not in own:
            continue
        validation = set(figure.values) <= set(ends) and len(ends) < calls
        if all(end in figure.values for end in ends):
            prefix = "val_" if validation else ""
            figures[f"{prefix}{plain(name)}"] = [figure.values[end] for end in ends]
    return figures


def plain(name: str) -> str:
    """The name of a figure as `fit` would call it."""
    name = re.sub(r"[\s-]+", "_", name.strip().lower())
    name = re.sub(r"^(test|valid|validation|val)_", "val_", name)
    name = re.sub(r"^(train|training)_", "", name)
    name = re.sub(r"^(val_)?(sparse_categorical|categorical|binary)_accuracy", r"\1accuracy", name)
    name = re.sub(r"(^|_)acc$", r"\1accuracy", name)
    return re.sub(r"losses$", "loss", name)


class Figures:
    """Compares figures with those that `fit` gives for the steps that a loop made.

    Args:
        judge: Has judged the steps.
        tests: Test data.
        epochs: Number of epochs.
    """

    def __init__(self, judge: Judge, tests: Rows, epochs: int):
        self._judge, self._tests = judge, tests
        self._parts = np.array_split(np.arange(len(judge.seen)), epochs)

    def judge(
        self, history: Mapping[str, Sequence[float]], observer: Observer
    ) -> Iterator[Finding]:
        """Judges all figures.

        Args:
            history: Figures of the loop, one an epoch.
            observer: Has seen its metrics.

        Yields:
            What was found: each cause once.
        """
        known = self._judge.known
        if not history or known & OTHER_STEPS or any(seen is None for seen in self._judge.seen):
            return
        if any(not len(part) for part in self._parts):
            return
        for name, values in history.items():
            key = self.key_of(name)
            if key is None or len(values) != len(self._parts):
                continue
            for finding in self._compare(name, key, values, observer):
                if finding.cause not in known:
                    known.add(finding.cause)
                    yield finding

    def key_of(self, name: str) -> str | None:
        """The name that `fit` has for a figure of the loop; None if it has no such figure."""
        names = {*self._train[0].whole, *(f"val_{name}" for name in self._test[0].whole)}
        return next((key for key in (name, plain(name)) if key in names), None)

    def _epoch(self, pairs: Sequence[tuple[State, Batch]], how: Variation) -> Epoch:
        return epoch_of(self._judge.reference, pairs, how)

    @cached_property
    def _train(self) -> list[Epoch]:
        return self._trained(self._judge.how)

    def _trained(self, how: Variation) -> list[Epoch]:
        seen = [[pair for i in part if (pair := self._judge.seen[i])] for part in self._parts]
        return [self._epoch(pairs, how) for pairs in seen]

    def _passed(self, after: bool, training: bool) -> list[Epoch]:
        """The training batches with the weights before or after their steps."""
        seen = [[(i, pair) for i in part if (pair := self._judge.seen[i])] for part in self._parts]
        how = replace(self._judge.how, training=training)
        return [
            self._epoch([(self._judge.afters[i] if after else s, b) for i, (s, b) in pairs], how)
            for pairs in seen
        ]

    @cached_property
    def _at_ends(self) -> list[Epoch]:
        """The training batches with the weights at the end of the epoch."""
        return [
            self._epoch(
                [
                    (self._judge.afters[part[-1]], pair[1])
                    for i in part
                    if (pair := self._judge.seen[i])
                ],
                Variation(training=False),
            )
            for part in self._parts
        ]

    def _tested(self, training: bool) -> list[Epoch]:
        ends = [self._judge.afters[part[-1]] for part in self._parts]
        how = Variation(training=training)
        return [self._epoch([(end, batch) for batch in self._tests.batches], how) for end in ends]

    @cached_property
    def _test(self) -> list[Epoch]:
        return self._tested(training=False)

    def _compare(
        self, name: str, key: str, values: Sequence[float], observer: Observer
    ) -> Iterator[Finding]:
        validation, metric = key.startswith("val_"), key.removeprefix("val_")
        if metric == "loss" and self._judge.known & OTHER_LOSSES and not validation:
            return
        epochs = self._test if validation else self._train
        right = [epoch.whole[metric] for epoch in epochs]
        if all(near(value, 100 * figure) for value, figure in zip(values, right, strict=True)):
            return
        wrong = [i for i, value in enumerate(values) if not near(value, right[i])]
        if not wrong:
            return
        first = wrong[0]
        evidence = [
            f"{name} of epoch {first + 1} is {values[first]:.6g}; fit's is {right[first]:.6g} for "
            "the same steps."
        ]
        place = next(
            (f.place for f in observer.figures.values() if plain(f.metric.name) in (key, metric)),
            None,
        )
        gap = abs(values[first] - right[first])
        for causes, figure in self._explanations(epochs, metric, validation, observer):
            if all(near(value, figure(epoch)) for epoch, value in enumerate(values)):
                after = abs(values[first] - figure(first))
                steps = {cause: self._step(cause, first, validation) for cause in causes}
                for cause in sorted(causes, key=lambda cause: steps[cause]):
                    step = steps[cause]
                    yield Finding(cause, "metrics", step, name, evidence, place, gap, after)
                return
        yield Finding(
            None, "metrics", self._step("", first, validation), name, evidence, place, gap
        )

    def _step(self, cause: str, epoch: int, validation: bool) -> int:
        """The first step after which a figure with a fault is another one."""
        if validation:
            return int(self._parts[epoch][-1])
        if cause == "metric-not-reset":
            return int(self._parts[max(epoch, min(1, len(self._parts) - 1))][0])
        part = self._parts[epoch]
        places = {"last-batch-only": min(1, len(part) - 1)}
        return int(part[places.get(cause, -1)])

    def _explanations(
        self, epochs: list[Epoch], metric: str, validation: bool, observer: Observer
    ) -> Iterator[Candidate]:
        batches = [epoch.batches for epoch in epochs]
        yield ("metric-not-updated",), lambda e: 0.0
        yield ("mean-of-batch-means",), lambda e: mean(batches[e], metric)
        yield ("last-batch-only",), lambda e: batches[e][-1][0][metric]
        yield ("metric-not-reset",), lambda e: weighted(chain(*batches[: e + 1]), metric)
        yield (
            ("metric-not-reset", "mean-of-batch-means"),
            lambda e: mean(chain(*batches[: e + 1]), metric),
        )
        yield ("metric-definition",), lambda e: mean(batches[e], metric) * len(batches[e])
        if validation:
            training = self._tested(training=True)
            yield ("training-flag",), lambda e: training[e].whole[metric]
            yield (
                ("training-flag", "mean-of-batch-means"),
                lambda e: mean(training[e].batches, metric),
            )
        else:
            yield from other_passes(self._at_ends, metric)
            for updated, flag in ((False, False), (True, False), (True, True)):
                yield from other_passes(self._passed(updated, flag), metric)
        if metric == "loss" and self._judge.reference.model.losses and not validation:
            how = replace(self._judge.how, extra_losses=not self._judge.how.extra_losses)
            others = self._trained(how)
            yield ("metric-definition",), lambda e: others[e].whole[metric]
            yield (
                ("metric-definition", "mean-of-batch-means"),
                lambda e: mean(others[e].batches, metric),
            )
        for other in observer.own_metrics():
            if type(other) is not keras.metrics.Mean:
                for targets in ("as they are", "one hot"):
                    yield ("metric-definition",), self._by_metric(other, validation, targets)

    def _by_metric(
        self, metric: keras.Metric, validation: bool, targets: str
    ) -> Callable[[int], float]:
        """The figure of an epoch by another metric."""

        def figure(epoch: int) -> float:
            fresh = type(metric).from_config(metric.get_config())
            part = self._parts[epoch]
            if validation:
                state = self._judge.afters[part[-1]]
                pairs = [(state, batch) for batch in self._tests.batches]
            else:
                pairs = [pair for i in part if (pair := self._judge.seen[i])]
            for state, batch in pairs:
                how = replace(self._judge.how, training=not validation)
                outputs = self._judge.reference.forward(state, batch, how).outputs
                y = batch.y
                if targets == "one hot":
                    y = np.eye(np.shape(outputs)[-1])[np.asarray(y, int).reshape(-1)]
                fresh.update_state(y, outputs)
            return float(fresh.result())

        def tried(epoch: int) -> float:
            try:
                return figure(epoch)
            except (TypeError, ValueError, LookupError, NotImplementedError, tf.errors.OpError):
                return float("nan")  # a metric of targets of another kind

        return tried


def epoch_of(reference: Reference, pairs: Sequence[tuple[State, Batch]], how: Variation) -> Epoch:
    """The figures of an epoch.

    Args:
        reference: Model that is trained as `fit` does.
        pairs: For each batch the state that it meets, and its examples.
        how: How outputs and losses are computed.
    """
    model, series = reference.model, []
    made = [(batch, reference.forward(state, batch, how)) for state, batch in pairs]
    for batch, forward in made:
        model.reset_metrics()
        figures = figures_of(model, batch, forward, how)
        series.append(({**figures, "loss": forward.unscaled_loss}, batch.size))
    model.reset_metrics()
    whole: dict[str, float] = {}
    for batch, forward in made:
        whole = figures_of(model, batch, forward, how)
    return Epoch(series, {**whole, "loss": weighted(series, "loss")})


def figures_of(
    model: keras.Model, batch: Batch, forward: Forward, how: Variation
) -> dict[str, float]:
    """The compiled metrics, and the losses of several outputs, after a batch."""
    parts = (batch.x, batch.y, forward.outputs, batch.weights if how.sample_weight else None)
    tensors = [None if part is None else as_tensors(part) for part in parts]
    compat.loss_of(model)(*tensors, training=how.training)
    figures = model.compute_metrics(*tensors)
    return {name: float(keras.ops.convert_to_numpy(value)) for name, value in figures.items()}


def other_passes(epochs: Sequence[Epoch], metric: str) -> Iterator[Candidate]:
    """Figures of outputs that are not those of the steps."""
    yield ("metric-definition",), lambda e: epochs[e].whole[metric]
    yield ("metric-definition",), lambda e: mean(epochs[e].batches, metric)


def weighted(batches: Any, metric: str) -> float:
    """The mean of a figure over batches by their sizes."""
    values, sizes = zip(*((figures[metric], size) for figures, size in batches), strict=True)
    return float(np.average(values, weights=sizes))


def mean(batches: Any, metric: str) -> float:
    """The mean of a figure over batches, whatever their sizes."""
    return float(np.mean([figures[metric] for figures, _ in batches]))


def near(first: float, second: float) -> bool:
    """Whether two figures are the same but for the order of sums."""
    return close(first, second, TOLERANCE, 1.0)
