"""Compares a loop run as graphs, as its user runs it, with the same loop run line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vgg_keras.diagnosis.findings import Finding
from vgg_keras.diagnosis.loops import fit
from vgg_keras.diagnosis.observer import State
from vgg_keras.diagnosis.reference import close

STALE = 0.01
"""Tolerated difference of the final weights, relative to the distance that they have moved."""

STALE_FIGURE = 0.05
"""Tolerated relative difference of the figures."""

Figures = Mapping[str, Sequence[float]]


def judge_graphs(
    train: Callable[[Any, bool], tuple[list[State], Figures]],
    loop: Any,
    by_line: Sequence[State],
    history: Figures,
    steps: int,
) -> Iterator[Finding]:
    """Runs a loop once more in graphs, and compares weights and figures.

    Args:
        train: Runs a loop from the same start, line by line or as graphs; returns the states and
            the figures.
        loop: The loop.
        by_line: The states before each step of the loop run line by line, and at its end.
        history: The figures that it returned.
        steps: Steps of an epoch.
    """
    states, figures = train(loop, False)
    start = by_line[0]
    gap = distance(states[-1], by_line[-1], start)
    floor = 0.0
    if gap > STALE:
        graphs, lines = (train(fit, eager)[0][-1] for eager in (False, True))
        floor = distance(graphs, lines, start)
    limit = max(10 * floor, STALE)
    if gap > limit:
        evidence = [
            f"Run as graphs the weights end {gap:.3g} of their way apart from those of the same "
            f"loop run line by line; with fit it is {floor:.3g}."
        ]
        pairs = zip(states, by_line, strict=False)
        apart = [distance(graph, eager, start) > limit for graph, eager in pairs]
        step = apart.index(True) - 1 if len(states) == len(by_line) else 1
        yield Finding("stale-trace", "update", step, None, evidence, None, gap, floor)
        return
    for name, values in history.items():
        both = zip(values, figures.get(name, ()), strict=False)
        others = [not close(eager, graph, STALE_FIGURE) for eager, graph in both]
        if any(others):
            epoch = others.index(True)
            evidence = [
                f"{name} of epoch {epoch + 1} is {figures[name][epoch]:.6g} run as graphs, and "
                f"{values[epoch]:.6g} run line by line."
            ]
            step = (epoch + 1) * steps - 1
            yield Finding("stale-trace", "metrics", step, name, evidence, None)
            return


def distance(first: State, second: State, start: State) -> float:
    """How far apart two trainings end, relative to the distance that the second one has moved.

    Args:
        first: Where one ends.
        second: Where the other ends.
        start: Where both begin.
    """
    apart = sum(
        float(((a.astype(float) - b) ** 2).sum()) for a, b in zip(first, second, strict=True)
    )
    way = sum(float(((a.astype(float) - b) ** 2).sum()) for a, b in zip(second, start, strict=True))
    return float(np.sqrt(apart / way)) if way else 0.0
