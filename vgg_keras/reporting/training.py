"""The report of a comparison, or of a training with one trainer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from statistics import fmean
from typing import Any

from matplotlib.ticker import MaxNLocator

from vgg_keras.config.base import class_name
from vgg_keras.reporting import confusion, equivalence, words
from vgg_keras.reporting.page import (
    GREY,
    LIGHT_BLUE,
    ORANGE,
    Picture,
    Section,
    Thumbnail,
    draw,
    make_axes,
)
from vgg_keras.runs.results import CompareResult, Mistake, Run, Speed, TrainResult

METRICS = {
    "loss": "Training loss",
    "accuracy": "Training accuracy",
    "val_loss": "Test loss",
    "val_accuracy": "Test accuracy",
}
"""The notebook's figures; those of other models follow under their own names."""

# Wide under narrow and dashed, so that of two identical curves both are seen.
STYLES: tuple[dict[str, Any], ...] = (
    {"color": LIGHT_BLUE, "linewidth": 5, "marker": "o", "markersize": 9},
    {"color": ORANGE, "linestyle": "--", "marker": "o"},
)


def verdict(result: TrainResult) -> str:
    """The answer in a sentence."""
    if result.status == "failed":
        return f"The run has failed. {result.reason or ''}"
    if not isinstance(result, CompareResult) or result.parity is None:
        if not result.runs:
            return f"The run is {result.status}: no training was completed."
        test = result.runs[0].test
        if test.accuracy is None:
            return f"The loss on the test data is {words.value(test.loss, 'loss')}."
        return f"{test.accuracy:.2%} of the test images are classified correctly."
    both = " and ".join(result.names)
    if result.parity.verdict == "identical":
        return f"{both} are identical to the last bit after {words.compared(result)}."
    if result.parity.verdict == "indistinguishable":
        return words.NOISE.capitalize()
    place = words.divergence(result)
    if result.equivalence:
        answer = words.verdict(result.equivalence)
        return f"{answer[0].upper()}{answer[1:]} Bit by bit: {place}"
    return " ".join([place, *words.meaning(result)])


def metrics_of(runs: Sequence[Run]) -> dict[str, str]:
    """The figures that all runs have, each with its title, the notebook's first."""
    shared = [name for name in runs[0].history if all(name in run.history for run in runs)]
    known = {name: title for name, title in METRICS.items() if name in shared}
    return known | {name: words.figure(name) for name in shared if name not in known}


def sections(result: TrainResult) -> list[Section]:
    """What the report shows."""
    runs = result.runs
    if not runs:
        return []
    shown = {run.trainer: run for run in runs if run.seed == runs[0].seed}
    seeds = sorted({run.seed for run in runs})
    names = dict.fromkeys(run.trainer for run in runs)
    trainers = {name: [run for run in runs if run.trainer == name] for name in names}
    metrics = metrics_of(runs)
    classes = (result.config.get("data_facts") or {}).get("class_names")
    parts = []
    if isinstance(result, CompareResult):
        if result.parity and result.parity.first_difference:
            parts.append(divergence(result))
        parts += equivalence.sections(result)
    parts += [curves(trainers, metrics), epochs(runs, seeds, metrics), tests(runs)]
    parts += confusion.sections(alike(shown, "confusion"), classes)
    classifiers = {name: run for name, run in shown.items() if run.wrong is not None}
    for who, worst in alike(classifiers, "mistakes").items():
        parts.append(mistakes(worst, who, classes))
    if isinstance(result, CompareResult) and result.speed:
        parts.append(speed(result.speed))
    return [*parts, log(runs)]


def alike(runs: Mapping[str, Run], name: str) -> dict[str, Any]:
    """What runs have under a name, by the trainers that have the same, such as `tape and fit`."""
    groups: dict[str, list[str]] = {}
    for trainer, run in runs.items():
        groups.setdefault(repr(run[name]), []).append(trainer)
    found = {" and ".join(names): runs[names[0]][name] for names in groups.values()}
    return {names: value for names, value in found.items() if value is not None}


def divergence(result: CompareResult) -> Section:
    """Where the trainers diverge first, and what that usually means."""
    compared = ", ".join(result.config["variants"] or result.names)
    return Section("The first difference", facts={"Compared": compared, **words.facts(result)})


def epochs(runs: Sequence[Run], seeds: Sequence[int], metrics: Mapping[str, str]) -> Section:
    """A row for each epoch of each run, those of the same seed and epoch together."""
    rows: list[list[object]] = [
        [
            epoch + 1,
            run.seed,
            run.trainer,
            *(words.value(run.history[metric][epoch], metric) for metric in metrics),
            words.decimal(run.seconds_per_epoch[epoch], 1),
            run.digests[epoch][:8],
        ]
        for seed in seeds
        for epoch in range(max(run.epochs_done for run in runs))
        for run in runs
        if run.seed == seed and epoch < run.epochs_done
    ]
    head = ["Epoch", "Seed", "Trainer", *metrics.values(), "Seconds", "sha256"]
    return Section("Epochs", head=head, rows=rows)


def tests(runs: Sequence[Run]) -> Section:
    """A row for each run with what it reached on the test images."""
    classifies, others = runs[0].test.correct is not None, list(runs[0].test.metrics)
    rows = [
        [
            run.trainer,
            run.seed,
            *(
                [
                    words.value(run.test.accuracy, "accuracy"),
                    words.chance(run.test_interval),
                    f"{run.test.correct} of {run.test.total}",
                ]
                if classifies
                else []
            ),
            words.value(run.test.loss, "loss"),
            *(words.value(run.test.metrics.get(name), name) for name in others),
        ]
        for run in runs
    ]
    chance = "By chance: half the 95 % interval of a binomial distribution of so many images."
    text = [chance] if classifies else []
    accuracy = ["Accuracy", "By chance", "Correct"] if classifies else []
    head = ["Trainer", "Seed", *accuracy, "Loss", *others]
    return Section("Test images", text, head=head, rows=rows)


def speed(ratio: Speed) -> Section:
    """Which trainer took longer."""
    text = (
        f"Seconds an epoch, {ratio.first} over {ratio.second}: {words.decimal(ratio.ratio, 2)}"
        f"{words.spread(ratio.interval, 2)}. The trainings ran one after the other, so load on the "
        "machine counts."
    )
    return Section("Speed", [text])


def log(runs: Sequence[Run]) -> Section:
    """A row for each training, in the order in which they were run."""
    rows = [
        [
            run.trainer,
            run.seed,
            run.epochs_done,
            words.decimal(sum(run.seconds_per_epoch), 1),
            *(
                "" if figure is None else words.decimal(figure, digits)
                for figure, digits in ((run.first_step_seconds, 1), (run.images_per_second, 0))
            ),
            words.decimal(run.peak_rss_bytes / 1e6, 0),
        ]
        for run in runs
    ]
    head = [
        "Trainer",
        "Seed",
        "Epochs",
        "Seconds",
        "First step, s",
        "Images a second",
        "Memory, MB",
    ]
    return Section("What was run", head=head, rows=rows)


def curves(trainers: Mapping[str, Sequence[Run]], metrics: Mapping[str, str]) -> Section:
    """A chart for each metric, and a row with the largest difference of each."""
    text, head, rows = [], [], []
    seeds = max(map(len, trainers.values()))
    if seeds > 1:
        text.append(f"Lines: the mean of {seeds} seeds. Bands: from the lowest to the highest.")
    differences = {}
    if len(trainers) > 1:
        differences = {metric: differ(metric, *trainers.values()) for metric in metrics}
        both = " minus ".join(trainers)
        head = ["Largest difference", *metrics.values()]
        rows = [[both, *(largest(lines, metric) for metric, lines in differences.items())]]
    same = not any(difference for d in differences.values() for line in d for difference in line)
    if differences and not same:
        text.append(f"Under each chart is the difference, {both}.")
    pictures = [
        chart(trainers, metric, title, [] if same else differences.get(metric, []))
        for metric, title in metrics.items()
    ]
    return Section("Curves", text, pictures, head=head, rows=rows)


def differ(metric: str, firsts: Sequence[Run], seconds: Sequence[Run]) -> list[list[float]]:
    """First minus second of a metric: a line for each seed; NaN where one is not finite."""
    histories = {run.seed: run.history[metric] for run in seconds}
    return [
        [
            math.nan if a is None or b is None else a - b
            for a, b in zip(run.history[metric], histories.get(run.seed, ()), strict=False)
        ]
        for run in firsts
    ]


def largest(lines: Sequence[Sequence[float]], metric: str) -> str:
    """The largest difference as text."""
    sizes = [abs(difference) for line in lines for difference in line]
    if not any(sizes):
        return "exactly 0"
    return words.size(max((d for d in sizes if d == d), default=None), metric)


def chart(
    trainers: Mapping[str, Sequence[Run]],
    metric: str,
    title: str,
    differences: Sequence[Sequence[float]],
) -> Picture:
    """A metric by epoch: each trainer's mean and band over its runs, and below the differences."""
    drawing, (above, *below) = (
        make_axes(height=3.2, height_ratios=(3, 1), numbers=True)
        if differences
        else make_axes(numbers=True)
    )
    count = max(run.epochs_done for runs in trainers.values() for run in runs)
    means: dict[str, list[float]] = {}
    for (name, runs), style in zip(trainers.items(), STYLES, strict=False):
        columns = [
            [value for value in column if value is not None] or [math.nan]
            for column in zip_longest(*(run.history[metric] for run in runs))
        ]
        epochs = range(1, len(columns) + 1)
        means[name] = list(map(fmean, columns))
        above.plot(epochs, means[name], label=name, gid=f"curve-{len(means)}", **style)
        if len(runs) > 1:
            band = list(map(min, columns)), list(map(max, columns))
            above.fill_between(epochs, *band, color=style["color"], alpha=0.15)
    above.set_title(title)
    if metric.endswith("accuracy"):
        above.yaxis.set_major_formatter(lambda value, place: words.percent(value, 1))
    if len(trainers) > 1:
        above.legend(frameon=False)
    for axes in below:
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.set_ylabel("difference")
        for line in differences:
            axes.plot(range(1, len(line) + 1), line, "o-", color="black", markersize=3)
        axes.yaxis.set_major_locator(MaxNLocator(2))
    last = below[-1] if below else above
    last.set_xlabel("Epoch")
    last.set_xlim(*((0.5, 1.5) if count == 1 else (None, None)))
    last.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    values = {
        f"curve-{number}": [
            f"{name}, epoch {epoch}: {words.value(mean, metric)}"
            for epoch, mean in enumerate(line, start=1)
            if mean == mean
        ]
        for number, (name, line) in enumerate(means.items(), start=1)
    }
    return draw(drawing, f"{title} by epoch.", values)


def mistakes(worst: list[Mistake], trainers: str, names: Any) -> Section:
    """The test images that were most confidently taken for something else."""
    thumbnails = [
        Thumbnail(
            mistake.png,
            f"{class_name(names, mistake.label)} taken for {class_name(names, mistake.predicted)}, "
            + words.value(mistake.probability, "accuracy"),
        )
        for mistake in worst
    ]
    text = (
        f"The {len(worst)} wrong test images with the most confident answer: the true class, what "
        "it was taken for, and how sure the model was."
    )
    return Section(f"Mistakes of {trainers}", [text] if worst else ["None."], thumbnails=thumbnails)
