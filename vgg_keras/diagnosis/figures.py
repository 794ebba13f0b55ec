"""The figures that a loop returns, beside those that `fit` gives for the same steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import keras
import numpy as np

from vgg_keras.diagnosis.data import Rows
from vgg_keras.diagnosis.judge import Finding, Judge
from vgg_keras.diagnosis.reference import (
    Batch,
    Forward,
    Reference,
    Variation,
    as_tensors,
    close,
)

TOLERANCE = 1e-4
"""Relative difference of figures that is no difference: they are sums in other orders."""

OTHER_LOSSES = {"gradient-scale", "loss-definition"}
"""Causes after which the loop's loss is expected to be another one."""

Series = list[tuple[dict[str, float], int]]
"""For each batch of an epoch its own figures, and its size."""

Epoch = tuple[Series, dict[str, float]]
"""The batches of an epoch, and the figures that `fit` gives for it."""


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


def name_in_fit(name: str, known: Sequence[str]) -> str | None:
    """The name that `fit` has for a figure; None if it has none.

    Args:
        name: Name that the loop gives it.
        known: Names that `fit` has.
    """
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    plain = re.sub(r"^(test|valid|validation|val)_", "val_", plain)
    plain = re.sub(r"^(train|training)_", "", plain)
    plain = re.sub(r"_?(acc|accuracies)$", lambda m: m[0].replace(m[1], "accuracy"), plain)
    plain = re.sub(r"losses$", "loss", plain)
    return next((candidate for candidate in known if candidate in (name, plain)), None)


def judge_figures(
    history: Mapping[str, Sequence[float]], judge: Judge, tests: Rows | None, epochs: int
) -> Iterator[Finding]:
    """Compares figures with those that `fit` gives for the steps that the loop made.

    Args:
        history: Figures of the loop, one an epoch.
        judge: Has judged the steps.
        tests: Test data, if there are any.
        epochs: Number of epochs.

    Yields:
        A finding for each figure that differs, the training's first.
    """
    of_epochs = np.array_split(np.arange(len(judge.seen)), epochs)
    train: list[Epoch] = []
    test: list[Epoch] = []
    wrong: list[Epoch] = []
    plain = Variation()
    for indices in of_epochs:
        seen = [judge.seen[index] for index in indices]
        if not len(indices) or None in seen:
            return
        train.append(_epoch(judge.reference, seen, judge.how))
        if tests:
            pairs = [(judge.afters[indices[-1]], batch) for batch in tests.batches]
            test.append(_epoch(judge.reference, pairs, replace(plain, training=False)))
            wrong.append(_epoch(judge.reference, pairs, plain))
    known = [*train[0][1], *(f"val_{name}" for name in (test[0][1] if test else ()))]
    for name, values in history.items():
        key = name_in_fit(name, known)
        if key is None or len(values) != epochs:
            continue
        validation = key.startswith("val_")
        shown = test if validation else train
        metric = key.removeprefix("val_")
        if metric == "loss" and judge.known & OTHER_LOSSES:
            continue
        yield from _compare(name, metric, values, shown, of_epochs, wrong if validation else None)


def _compare(
    name: str,
    metric: str,
    values: Sequence[float],
    epochs: list[Epoch],
    of_epochs: Sequence[np.ndarray],
    with_training: list[Epoch] | None,
) -> Iterator[Finding]:
    series, right = [epoch[0] for epoch in epochs], [epoch[1][metric] for epoch in epochs]
    percent = 100.0 if all(_near(v, 100 * r) for v, r in zip(values, right, strict=True)) else 1.0
    values = [value / percent for value in values]
    wrong = [index for index, value in enumerate(values) if not _near(value, right[index])]
    if not wrong:
        return
    first = wrong[0]
    before = abs(values[first] - right[first])
    steps = of_epochs[first]
    places = {"metric-not-reset": 0, "last-batch-only": min(1, len(steps) - 1)}
    explanations: list[tuple[tuple[str, ...], Callable[[int], float]]] = [
        (("mean-of-batch-means",), lambda e: _plain(series[e], metric)),
        (("last-batch-only",), lambda e: series[e][-1][0][metric]),
        (("metric-not-reset",), lambda e: _weighted(list(chain(*series[: e + 1])), metric)),
        (
            ("metric-not-reset", "mean-of-batch-means"),
            lambda e: _plain(list(chain(*series[: e + 1])), metric),
        ),
        (("metric-definition",), lambda e: _plain(series[e], metric) * len(series[e])),
    ]
    if with_training:
        training = with_training
        explanations += [
            (("training-flag",), lambda e: training[e][1][metric]),
            (("training-flag", "mean-of-batch-means"), lambda e: _plain(training[e][0], metric)),
        ]
    for causes, figure in explanations:
        if all(_near(value, figure(epoch)) for epoch, value in enumerate(values)):
            after = abs(values[first] - figure(first))
            for cause in causes:
                evidence = [
                    f"{name} of epoch {first + 1} is {values[first]:.6g}; fit's is "
                    f"{right[first]:.6g} for the same steps."
                ]
                step = int(steps[places.get(cause, -1)])
                yield Finding(cause, "metrics", step, name, evidence, None, before, after)
            return
    evidence = [f"{name} of epoch {first + 1} is {values[first]:.6g}; fit's is {right[first]:.6g}."]
    yield Finding(None, "metrics", int(steps[-1]), name, evidence, None, before)


def _epoch(reference: Reference, pairs: Sequence[Any], how: Variation) -> Epoch:
    model, series = reference.model, []
    made = [(batch, reference.forward(state, batch, how)) for state, batch in pairs]
    for batch, forward in made:
        model.reset_metrics()
        figures = _figures(model, batch, forward)
        series.append(({**figures, "loss": forward.unscaled_loss}, batch.size))
    model.reset_metrics()
    total: dict[str, float] = {}
    for batch, forward in made:
        total = _figures(model, batch, forward)
    return series, {**total, "loss": _weighted(series, "loss")}


def _figures(model: keras.Model, batch: Batch, forward: Forward) -> dict[str, float]:
    parts = (batch.x, batch.y, forward.outputs, batch.weights)
    tensors = (None if part is None else as_tensors(part) for part in parts)
    figures = model.compute_metrics(*tensors)
    return {name: float(keras.ops.convert_to_numpy(value)) for name, value in figures.items()}


def _weighted(series: Series, metric: str) -> float:
    values, sizes = zip(*((figures[metric], size) for figures, size in series), strict=True)
    return float(np.average(values, weights=sizes))


def _plain(series: Series, metric: str) -> float:
    return float(np.mean([figures[metric] for figures, _ in series]))


def _near(first: float, second: float) -> bool:
    return close(first, second, TOLERANCE, 1.0)
