"""The report of a benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from vgg_keras.reporting.page import BLUE, GREY, Picture, Section, draw, make_axes


def verdict(result: Mapping[str, Any]) -> str:
    """The answer in a sentence for each ratio."""
    told = " ".join(map(sentence, ratios(result)))
    return told or f"The benchmark is {result['status']}: nothing was timed."


def ratios(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The ratios of all heats."""
    return [ratio for heat in result["heats"] for ratio in heat["ratios"]]


def contestants(result: Mapping[str, Any]) -> list[list[str]]:
    """A row for each contestant: name, seconds of the first call, images a second."""
    return [
        [
            contestant["name"],
            f"{contestant['first_call_seconds']:.1f}",
            f"{contestant['images_per_second']:,.0f}",
        ]
        for heat in result["heats"]
        for contestant in heat["contestants"]
    ]


def sentence(ratio: Mapping[str, Any]) -> str:
    """Which of two is faster, by how much, and how sure that is."""
    first, second = ratio["first"], ratio["second"]
    answer = f"{first} is {ratio['verdict']}"
    if ratio["verdict"] == "undecided":
        answer = "which is faster is undecided"
    return (
        f"{first} takes {ratio['seconds']:.3f} times the time of {second} "
        f"(95 % interval {ratio['low']:.3f} to {ratio['high']:.3f}): {answer}."
    )


def sections(result: Mapping[str, Any]) -> list[Section]:
    """What the report shows."""
    text = [
        "All were timed in turns, A B B A, so that load on the machine falls on them alike. "
        "Compilation and the first call of a turn do not count. The interval is a bootstrap of the "
        f"median round. Load of the machine at the start: {result['load']:.1f}."
    ]
    head = ["Variant", "First call, s", "Images a second, median turn"]
    pictures = [*map(speeds, result["heats"]), *map(rounds, ratios(result))]
    parts = [Section("Speed", text, pictures, head=head, rows=contestants(result))]
    if costs := result.get("recording"):
        rows = [
            [name, cost["epochs"], f"{cost['seconds']:.2f}", f"{cost['event_bytes'] / 1e6:.2f}"]
            for name, cost in costs.items()
        ]
        head = ["Variant", "Epochs", "Seconds", "MB of events"]
        parts.append(Section("Recording outside of steps", head=head, rows=rows))
    return parts


def speeds(heat: Mapping[str, Any]) -> Picture:
    """Images a second of each contestant: its median turn among all its turns."""
    timed = heat["contestants"][::-1]
    figure, (axes,) = make_axes(height=0.8 + 0.35 * len(timed))
    for place, contestant in enumerate(timed):
        seconds, median = contestant["call_seconds"], contestant["images_per_second"]
        images = median * statistics.median(seconds)
        turns = [images / second for second in seconds]
        axes.plot(turns, [place] * len(turns), "o", color=GREY, markersize=4)
        axes.plot(median, place, "|", color=BLUE, markersize=16, markeredgewidth=3)
    axes.set_yticks(range(len(timed)), [contestant["name"] for contestant in timed])
    axes.set(xlabel="Images a second", xlim=(0, None))
    told = ", ".join(f"{c['name']} {c['images_per_second']:,.0f}" for c in heat["contestants"])
    return draw(figure, f"Dots: a turn each. Lines: their median. Images a second: {told}.")


def rounds(ratio: Mapping[str, Any]) -> Picture:
    """The ratio of each round, and the interval of their median."""
    figure, (axes,) = make_axes(height=2.4)
    axes.axhline(1, color=GREY)
    axes.axhspan(ratio["low"], ratio["high"], color=BLUE, alpha=0.2)
    axes.axhline(ratio["seconds"], color=BLUE)
    axes.plot(range(1, len(ratio["rounds"]) + 1), ratio["rounds"], "o", color="black", markersize=3)
    axes.set_xlabel("Round")
    axes.set_ylabel(f"seconds, {ratio['first']}\nover {ratio['second']}")
    return draw(figure, f"Dots: a round each. Line and band: {sentence(ratio)}")
