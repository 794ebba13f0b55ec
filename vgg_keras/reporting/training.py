"""The report of a comparison, or of a training with one trainer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from vgg_keras.config.base import class_name
from vgg_keras.reporting import equivalence, words
from vgg_keras.reporting.page import (
    BLUE,
    GREY,
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
    {"color": BLUE, "linewidth": 5, "alpha": 0.45},
    {"color": ORANGE, "linestyle": "--", "marker": "o", "markersize": 4},
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
    parity, both = result.parity, " and ".join(result.names)
    if parity.verdict == "identical":
        epochs = parity.epochs_compared
        compared = f"each of {epochs} epochs" if epochs > 1 else "the epoch"
        return f"{both.capitalize()} are identical to the last bit after {compared}."
    if parity.verdict == "indistinguishable":
        return words.NOISE.capitalize()
    difference = parity.first_difference
    assert difference
    step = f", step {difference.step}" if difference.step else ""
    stage = "" if result.against else f": {difference.stage}"
    place = f"diverge in epoch {difference.epoch}{step}{stage}."
    if result.equivalence:
        answer = words.verdict(result.equivalence)
        return f"{answer[0].upper()}{answer[1:]} They {place}"
    return " ".join([f"{both.capitalize()} {place}", *words.meaning(result)])


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
    text = [f"Mean, lowest and highest of {len(seeds)} seeds."] if len(seeds) > 1 else []
    if len(trainers) > 1:
        both = " minus ".join(trainers)
        text.append(f"Under each pair of curves is their difference, {both}.")
    parts = [
        *(equivalence.sections(result) if isinstance(result, CompareResult) else []),
        Section("Curves", text, [curves(trainers, *metric) for metric in metrics.items()]),
        epochs(runs, seeds, metrics),
        tests(runs),
    ]
    trainers_by_mistakes: dict[str, list[str]] = {}
    for name, run in shown.items():
        if run.wrong is not None:
            trainers_by_mistakes.setdefault(str(run.mistakes), []).append(name)
    for alike in trainers_by_mistakes.values():
        classes = (result.config.get("data_facts") or {}).get("class_names")
        parts.append(mistakes(shown[alike[0]].mistakes, alike, classes))
    if isinstance(result, CompareResult) and result.speed:
        parts.append(speed(result.speed))
    return parts


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
                    words.chance(run),
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
    middle, low, high = (words.decimal(n, 3) for n in (ratio.ratio, *ratio.interval))
    text = (
        f"Seconds an epoch, {ratio.first} over {ratio.second}: {middle} (from {low} to {high}). "
        "The trainings ran one after the other, so load on the machine counts."
    )
    return Section("Speed", [text])


def curves(trainers: Mapping[str, Sequence[Run]], metric: str, title: str) -> Picture:
    """A metric of each trainer by epoch, as mean and band over its runs, and the differences."""
    both = len(trainers) > 1
    drawing, (above, *below) = (
        make_axes(height=3.6, height_ratios=(3, 1)) if both else make_axes(height=2.8)
    )
    for (name, runs), style in zip(trainers.items(), STYLES, strict=False):
        columns = [
            [value for value in column if value is not None] or [float("nan")]
            for column in zip_longest(*(run.history[metric] for run in runs))
        ]
        epochs = range(1, len(columns) + 1)
        above.plot(epochs, list(map(fmean, columns)), label=name, **style)
        if len(runs) > 1:
            band = list(map(min, columns)), list(map(max, columns))
            above.fill_between(epochs, *band, color=style["color"], alpha=0.15)
    above.set_ylabel(title)
    if metric.endswith("accuracy"):
        above.yaxis.set_major_formatter(lambda value, place: words.percent(value, 1))
    above.legend(frameon=False)
    alt = f"{title} by epoch."
    for axes in below:
        alt += " " + draw_differences(axes, metric, *trainers.values())
    last = below[-1] if below else above
    last.set_xlabel("Epoch")
    last.xaxis.set_major_locator(MaxNLocator(integer=True))
    return draw(drawing, alt)


def draw_differences(
    axes: Axes,
    metric: str,
    firsts: Sequence[Run],
    seconds: Sequence[Run],
) -> str:
    """Draws first minus second, a line for each seed, and says which is the largest."""
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.set_ylabel("difference")
    histories = {run.seed: run.history[metric] for run in seconds}
    differences = []
    for run in firsts:
        pairs = zip(run.history[metric], histories.get(run.seed, ()), strict=False)
        line = [float("nan") if a is None or b is None else a - b for a, b in pairs]
        axes.plot(range(1, len(line) + 1), line, "o-", color="black", markersize=3)
        differences += line
    if all(difference == 0 for difference in differences):
        axes.set_yticks([0], ["exactly 0"])
        axes.set_ylim(-1, 1)
        return "The difference is exactly 0 in every epoch."
    largest = max((abs(d) for d in differences if d == d), default=float("nan"))
    return f"The largest difference is {largest:.3g}."


def mistakes(worst: list[Mistake], trainers: list[str], names: Any) -> Section:
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
    title = f"Mistakes of {' and '.join(trainers)}"
    return Section(title, [text] if worst else ["None."], thumbnails=thumbnails)
