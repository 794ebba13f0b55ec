"""What a comparison found, in sentences, for the terminal and for the report."""

from __future__ import annotations

from typing import Any

from vgg_keras.config.variants import parse_variant
from vgg_keras.runs.results import CompareResult, Equivalence, Result, Run, Summary

FIGURES = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
}
ARITHMETIC = {
    "precision": "Another precision",
    "jit_compile": "XLA",
    "strategy": "Another number of devices",
}
LARGE = 1e9
"""From here on a number is written with an exponent."""

NOISE = "not distinguishable from the trainer's own noise."


def figure(metric: str) -> str:
    """The name of a figure in words."""
    return FIGURES.get(metric, metric.replace("_", " "))


def verdict(equivalence: Equivalence) -> str:
    """The verdict on trainers that differ in bits, over many seeds."""
    tests, both = equivalence.differences, " and ".join(equivalence.trainers)
    seeds = equivalence.seeds
    margins = " and ".join(
        f"{size(test.margin, metric)} in {figure(metric)}" for metric, test in tests.items()
    )
    if any(test.mean is None for test in tests.values()):
        reason = "Some loss is not finite."
    else:
        needed = max(test.seeds_needed or 0 for test in tests.values())
        reason = f"About {needed} seeds would, if the difference stays as it is."
    return {
        "equivalent": f"equivalent: over {seeds} seeds {both} differ by less than {margins}.",
        "different": f"different: over {seeds} seeds {both} differ by more than chance.",
        "undecided": f"undecided: {seeds} seeds do not tell whether {both} differ by less than "
        f"{margins}. {reason}",
    }[equivalence.verdict]


def differences(equivalence: Equivalence) -> list[str]:
    """How far apart the trainers are, a sentence for each figure that was tested."""
    sentences, both = [], " minus ".join(equivalence.trainers).capitalize()
    for metric, test in equivalence.differences.items():
        mean, low, high = (size(d, metric, "+") for d in (test.mean, *test.interval))
        sentences.append(f"{both}, {figure(metric)}: {mean} (95 % interval {low} to {high}).")
    return sentences


def meaning(result: CompareResult) -> list[str]:
    """What it means that the trainers diverge, a sentence if they compute in different ways."""
    if result.equivalence or result.against:
        return []
    shared = {option: result.config.get(option) for option in ARITHMETIC}
    first, second = ({**shared, **parse_variant(name).changes} for name in result.names)
    others = [text for option, text in ARITHMETIC.items() if first[option] != second[option]]
    advice = "does not give the same bits; --seeds 5 tells whether they are equivalent."
    return [f"{other} {advice}" for other in others[:1]]


def changes(result: CompareResult) -> list[str]:
    """What a saved run was and what differs now, a sentence for each."""
    if result.against is None:
        return []
    saved = result.against
    differences = [
        f"{what}: {text(before)} then, {text(now)} now."
        for what, (before, now) in saved.changed.items()
    ]
    same = "Options, packages and machine are the same now."
    run = f"The saved run is {saved.trainer} of {saved.directory}."
    return [run, *(differences or [same])]


def resumed(result: Result) -> list[str]:
    """What of the machine was another before a resume, a sentence for each."""
    return [
        f"Resumed on another machine: {what}: {text(before)} before, {text(now)} now."
        for what, (before, now) in result.changed.items()
    ]


def summary(figures: Summary, metric: str) -> tuple[str, str, str]:
    """Mean, standard deviation and interval of a figure over the seeds."""
    mean, low, high = (value(number, metric) for number in (figures.mean, *figures.interval))
    return mean, size(figures.deviation, metric), f"{low} to {high}"


def probability(p: float | None) -> str:
    """A p as text."""
    return "not known" if p is None else "below 0.0001" if p < 0.0001 else f"{p:.4f}"


def chance(run: Run) -> str:
    """How far chance alone, in which images are the test images, may move a run's accuracy."""
    if run.test_interval is None:
        return "not known"
    low, high = run.test_interval
    return f"±{100 * (high - low) / 2:.2f} points"


def repetitions(result: CompareResult) -> list[str]:
    """Whether the trainers repeat themselves, a sentence for each that was trained again."""
    sentences = []
    for trainer, repeated in (result.self_check or {}).items():
        floor = ", ".join(f"{figure(m)} {size(d, m)}" for m, d in repeated.floor.items())
        sentences.append(
            f"Trained again, {trainer} is identical to itself."
            if repeated.repeatable
            else f"Trained again, {trainer} is not repeatable; its own noise: {floor}."
        )
    return sentences


def text(value: Any) -> str:
    """A value of an option, or a fact of the machine, as text."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def value(number: float | None, metric: str) -> str:
    """A figure as text."""
    if number is None:
        return "not finite"
    return percent(number, 2) if metric.endswith("accuracy") else decimal(number, 5)


def duration(seconds: float) -> str:
    """A time to wait as text."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def decimal(number: float, digits: int) -> str:
    """A number as text, with so many decimals unless it is large."""
    return f"{number:.{digits}f}" if abs(number) < LARGE else f"{number:.{digits}g}"


def percent(share: float, digits: int) -> str:
    """A share as text, in percent."""
    return f"{decimal(100 * share, digits)}%"


def size(difference: float | None, metric: str, sign: str = "") -> str:
    """A difference as text: of accuracies in percentage points.

    Args:
        difference: Difference; None if it is not finite.
        metric: Name of the figure.
        sign: `+` to write it before numbers above 0.
    """
    if difference is None:
        return "not finite"
    if metric.endswith("accuracy"):
        return f"{100 * difference:{sign}.3g} points"
    return f"{difference:{sign}.3g}"
