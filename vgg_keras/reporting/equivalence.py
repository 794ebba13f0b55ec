"""What the report of a comparison says of many seeds, a saved run, and trainers trained twice."""

from __future__ import annotations

from vgg_keras.reporting import words
from vgg_keras.reporting.page import Section
from vgg_keras.runs.results import CompareResult, Equivalence


def sections(result: CompareResult) -> list[Section]:
    """As many sections as there is something to say."""
    equivalence, repetitions = result.equivalence, words.repetitions(result)
    parts = [Section("The saved run", words.changes(result))] if result.against else []
    parts += [Section("Each trainer compared with itself", repetitions)] if repetitions else []
    if equivalence:
        parts.append(means(equivalence))
        if equivalence.verdict != "identical":
            parts.append(tests(equivalence))
            parts += [disagreements(equivalence)] if equivalence.mcnemar else []
    return parts


def means(equivalence: Equivalence) -> Section:
    """A row for each figure of each trainer."""
    trainers, seeds = equivalence.trainers, equivalence.seeds
    rows = [
        [words.figure(metric).capitalize(), trainer, *words.summary(figures[metric], metric, seeds)]
        for metric in next(iter(trainers.values()))
        for trainer, figures in trainers.items()
    ]
    head = ["At the end", "Trainer", "Mean", "Standard deviation", "95 % interval of the mean"]
    text = (
        ["From 3 seeds on there is an interval of the mean."] if seeds < words.FEWEST_SEEDS else []
    )
    return Section("Over the seeds", text, head=head, rows=rows)


def tests(equivalence: Equivalence) -> Section:
    """A row for each figure that was tested."""
    known = equivalence.seeds >= words.FEWEST_SEEDS
    rows = [
        [
            words.figure(metric).capitalize(),
            words.size(test.mean, metric, "+"),
            *(words.size(d, metric, "+") if known else "" for d in test.interval),
            words.size(test.margin, metric),
            *(words.probability(test[p]) for p in ("p_equivalent", "p_different")),
        ]
        for metric, test in equivalence.differences.items()
    ]
    text = (
        "Equivalent: p of two one-sided paired t tests against the margin, below 0.05 for both "
        "figures. Different: p of a paired t test, below 0.025 for a figure that is not equivalent."
    )
    both = " minus ".join(equivalence.trainers)
    head = [both, "Mean", "95 % from", "to", "Margin", "p equivalent", "p different"]
    return Section("Equivalent or different", [text], head=head, rows=rows)


def disagreements(equivalence: Equivalence) -> Section:
    """A row for each seed."""
    names = list(equivalence.trainers)
    rows = [
        [pair.seed, *(pair.only[name] for name in names), words.probability(pair.p)]
        for pair in equivalence.mcnemar
    ]
    text = (
        "The p of McNemar's exact test is of these two models alone. Two seeds of one trainer give "
        "models that differ too, so it does not enter the verdict on the trainers."
    )
    head = ["Seed", *(f"Only {name}" for name in names), "p"]
    return Section("Test images that one of the two gets right", [text], head=head, rows=rows)
