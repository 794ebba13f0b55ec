"""The report of a benchmark."""

from __future__ import annotations

import statistics

from matplotlib.ticker import MaxNLocator

from vgg_keras.reporting import words
from vgg_keras.reporting.page import BLUE, GREY, Picture, Section, draw, make_axes
from vgg_keras.runs.results import BenchmarkResult, Group, Ratio, Timed


def verdict(result: BenchmarkResult) -> str:
    """The answer in a sentence for each ratio."""
    answer = " ".join([*map(sentence, result.ratios), *result.doubts])
    return answer or f"The benchmark is {result.status}: nothing was timed."


def rows_of(result: BenchmarkResult) -> list[list[str]]:
    """A row for each variant: name, seconds of the first call, images a second."""
    return [
        [timed.name, words.decimal(timed.first_call_seconds, 1), images_per_second(timed)]
        for group in result.groups
        for timed in group.timed
    ]


def images_per_second(timed: Timed) -> str:
    """The speed of a variant as text."""
    speed = timed.images_per_second
    return f"{speed:,.0f}" if speed < words.LARGE else f"{speed:.3g}"


def sentence(ratio: Ratio) -> str:
    """Which of two is faster, by how much, and how sure that is."""
    first, second = ratio.first, ratio.second
    seconds, low, high = (words.decimal(n, 3) for n in (ratio.seconds, ratio.low, ratio.high))
    answer = f"{first} is {ratio.verdict}"
    if ratio.verdict == "undecided":
        answer = "which is faster is undecided"
    return (
        f"{first} takes {seconds} times the time of {second} "
        f"(95 % interval {low} to {high}): {answer}."
    )


def sections(result: BenchmarkResult) -> list[Section]:
    """What the report shows."""
    text = [
        "All were timed in alternation, A B B A, so that load on the machine falls on them alike. "
        "Compilation and the first call of a block do not count. The interval is a bootstrap of "
        f"the median round. Load of the machine at the start: {words.decimal(result.load, 1)}."
    ]
    head = ["Variant", "First call, s", "Images a second, median block"]
    pictures = [*map(speeds, result.groups), *map(rounds, result.ratios)]
    parts = [Section("Speed", text, pictures, head=head, rows=rows_of(result))]
    if costs := result.recording:
        rows = [
            [
                name,
                cost.epochs,
                words.decimal(cost.seconds, 2),
                words.decimal(cost.event_bytes / 1e6, 2),
            ]
            for name, cost in costs.items()
        ]
        head = ["Variant", "Epochs", "Seconds", "MB of events"]
        parts.append(Section("Recording outside of steps", head=head, rows=rows))
    return parts


def speeds(group: Group) -> Picture:
    """Images a second of each variant: its median block among all its blocks."""
    timed = group.timed[::-1]
    figure, (axes,) = make_axes(height=0.8 + 0.35 * len(timed))
    for place, variant in enumerate(timed):
        seconds, median = variant.call_seconds, variant.images_per_second
        images = median * statistics.median(seconds)
        blocks = [images / second for second in seconds]
        axes.plot(blocks, [place] * len(blocks), "o", color=GREY, markersize=4)
        axes.plot(median, place, "|", color=BLUE, markersize=16, markeredgewidth=3)
    axes.set_yticks(range(len(timed)), [variant.name for variant in timed])
    axes.set(xlabel="Images a second", xlim=(0, None), ylim=(-0.5, len(timed) - 0.5))
    listed = ", ".join(f"{each.name} {images_per_second(each)}" for each in group.timed)
    return draw(figure, f"Dots: a block each. Lines: their median. Images a second: {listed}.")


def rounds(ratio: Ratio) -> Picture:
    """The ratio of each round, and the interval of their median."""
    figure, (axes,) = make_axes(height=2.4)
    axes.axhline(1, color=GREY)
    axes.axhspan(ratio.low, ratio.high, color=BLUE, alpha=0.2)
    axes.axhline(ratio.seconds, color=BLUE)
    axes.plot(range(1, len(ratio.rounds) + 1), ratio.rounds, "o", color="black", markersize=3)
    axes.set_xlabel("Round")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(f"seconds, {ratio.first}\nover {ratio.second}")
    return draw(figure, f"Dots: a round each. Line and band: {sentence(ratio)}")
