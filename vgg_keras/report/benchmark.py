"""The report of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vgg_keras.report.page import BLUE, GREY, Picture, Section, draw, make_axes


def verdict(result: Mapping[str, Any]) -> str:
    """The answer in a sentence for each pair."""
    told = " ".join(map(sentence, result["pairs"]))
    return told or f"The benchmark is {result['status']}: no pair was timed."


def sentence(pair: Mapping[str, Any]) -> str:
    """Which of a pair is faster, by how much, and how sure that is."""
    (first, second), ratio = pair["names"], pair["ratio"]
    answer = f"{first} is {ratio['verdict']}"
    if ratio["verdict"] == "undecided":
        answer = "which is faster is undecided"
    return (
        f"{first} takes {ratio['seconds']:.3f} times the time of {second} "
        f"(95 % interval {ratio['low']:.3f} to {ratio['high']:.3f}): {answer}."
    )


def sections(result: Mapping[str, Any]) -> list[Section]:
    """What the report shows."""
    rows = [
        [name, f"{turns['first_call_seconds']:.1f}", f"{speed:,.0f}"]
        for pair in result["pairs"]
        for name, turns, speed in zip(
            pair["names"], pair["turns"], pair["images_per_second"], strict=True
        )
    ]
    text = [
        "Each pair was trained in one process, in turns A B B A, so that load on the machine falls "
        "on both alike. Compilation and the first call of a turn do not count. The interval is a "
        f"bootstrap of the median round. Load of the machine at the start: {result['load']:.1f}."
    ]
    head = ["Variant", "First call, s", "Images a second, median turn"]
    pictures = [rounds(pair) for pair in result["pairs"]]
    parts = [Section("Speed", text, pictures, head=head, rows=rows)]
    if costs := result.get("recording"):
        rows = [
            [name, cost["epochs"], f"{cost['seconds']:.2f}", f"{cost['event_bytes'] / 1e6:.2f}"]
            for name, cost in costs.items()
        ]
        head = ["Variant", "Epochs", "Seconds", "MB of events"]
        parts.append(Section("Recording outside of steps", head=head, rows=rows))
    return parts


def rounds(pair: Mapping[str, Any]) -> Picture:
    """The ratio of each round, and the interval of their median."""
    figure, (axes,) = make_axes(height=2.4)
    ratio, (first, second) = pair["ratio"], pair["names"]
    axes.axhline(1, color=GREY)
    axes.axhspan(ratio["low"], ratio["high"], color=BLUE, alpha=0.2)
    axes.axhline(ratio["seconds"], color=BLUE)
    axes.plot(range(1, len(ratio["rounds"]) + 1), ratio["rounds"], "o", color="black", markersize=3)
    axes.set_xlabel("Round")
    axes.set_ylabel(f"seconds, {first}\nover {second}")
    return draw(figure, f"Dots: a round each. Line and band: {sentence(pair)}")
