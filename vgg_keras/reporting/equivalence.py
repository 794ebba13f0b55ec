"""What the report of a comparison says of many seeds, a saved run, and trainers trained twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vgg_keras.reporting import words
from vgg_keras.reporting.page import Section


def sections(result: Mapping[str, Any]) -> list[Section]:
    """As many sections as there is something to say."""
    equivalence, repetitions = result.get("equivalence"), words.repetitions(result)
    parts = [Section("The saved run", words.changes(result))] if "against" in result else []
    parts += [Section("Each trainer beside itself", repetitions)] if repetitions else []
    if equivalence:
        parts.append(means(equivalence["trainers"]))
        if equivalence["verdict"] != "identical":
            parts += [tests(equivalence), disagreements(equivalence)]
    return parts


def means(trainers: Mapping[str, Mapping[str, Any]]) -> Section:
    """A row for each figure of each trainer."""
    rows = [
        [name.capitalize(), trainer, *words.summary(figures[metric], metric)]
        for metric, name in words.FIGURES.items()
        for trainer, figures in trainers.items()
    ]
    head = ["At the end", "Trainer", "Mean", "Standard deviation", "95 % interval of the mean"]
    return Section("Over the seeds", head=head, rows=rows)


def tests(equivalence: Mapping[str, Any]) -> Section:
    """A row for each figure that was tested."""
    rows = [
        [
            words.FIGURES[metric].capitalize(),
            *(words.size(d, metric, "+") for d in (test["mean"], *test["interval"])),
            words.size(test["margin"], metric),
            *(words.probability(test[p]) for p in ("p_equivalent", "p_different")),
        ]
        for metric, test in equivalence["differences"].items()
    ]
    text = (
        "Equivalent: p of two one-sided paired t tests against the margin, below 0.05 for both "
        "figures. Different: p of a paired t test, below 0.025 for a figure that is not equivalent."
    )
    both = " minus ".join(equivalence["trainers"]).capitalize()
    head = [both, "Mean", "95 % from", "to", "Margin", "p equivalent", "p different"]
    return Section("Equivalent or different", [text], head=head, rows=rows)


def disagreements(equivalence: Mapping[str, Any]) -> Section:
    """A row for each seed."""
    names = list(equivalence["trainers"])
    rows = [
        [pair["seed"], *(pair[f"only_{name}"] for name in names), words.probability(pair["p"])]
        for pair in equivalence["mcnemar"]
    ]
    text = (
        "The p of McNemar's exact test is of these two models alone. Two seeds of one trainer give "
        "models that differ too, so it does not enter the verdict on the trainers."
    )
    head = ["Seed", *(f"Only {name}" for name in names), "p"]
    return Section("Test images that one of the two gets right", [text], head=head, rows=rows)
