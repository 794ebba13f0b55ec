"""What a comparison found, in sentences, for the terminal and for the report."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from vgg_keras.config.variants import parse_variant
from vgg_keras.runs.results import (
    CompareResult,
    Equivalence,
    Result,
    Summary,
    Test,
    TrainResult,
)

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
FEWEST_SEEDS = 3
"""With fewer no interval of a mean is shown: that of two seeds is wider than what can be."""

LARGE = 1e9
"""From here on a number is written with an exponent."""

STAGES = {
    "initial": "does one of the two make, load or change weights before it trains?",
    "metrics": "all agreed after the step before. Are weights left alone in between, are metrics "
    "reset at the beginning of each epoch, does a short last batch count by its examples, is the "
    "loss the same, and is the model called with training=True?",
    "optimizer": "the loss agrees. Are the gradients those of the whole loss and of all variables, "
    "and is the optimizer the same?",
    "weights": "the optimizer's variables agree. Are learning rate, weight decay and constraints "
    "the same?",
    "validation": "the training agrees. Are metrics reset before the validation, does a short last "
    "batch count by its examples, and is the model called with training=False?",
    "steps": "are there as many batches and epochs in both?",
    "unrepeatable": "trained again, the two agree. Which one does not repeat itself? --self-check "
    "tells.",
}
"""What a difference at each stage usually comes from."""

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
    sentences, both = [], " minus ".join(equivalence.trainers)
    for metric, test in equivalence.differences.items():
        mean, low, high = (size(d, metric, "+") for d in (test.mean, *test.interval))
        known = low != high and equivalence.seeds >= FEWEST_SEEDS
        interval = f" (95 % interval {low} to {high})" if known else ""
        sentences.append(f"{both}, {figure(metric)}: {mean}{interval}.")
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


def compared(result: CompareResult) -> str:
    """What agrees, if the trainers are identical."""
    assert result.parity
    epochs = result.parity.epochs_compared
    return f"each of {epochs} epochs" if epochs > 1 else "the epoch"


def divergence(result: CompareResult) -> str:
    """Where the trainers diverge first, in a sentence."""
    assert result.parity
    difference = result.parity.first_difference
    assert difference
    first, second = result.names
    digests = {(run.trainer, run.seed): run.digests for run in result.runs}
    seeds = sorted({run.seed for run in result.runs})
    seed = next(s for s in seeds if digests[first, s] != digests[second, s])
    step = f", step {difference.step}" if difference.step else ""
    stage = "" if result.against else f", stage {difference.stage}"
    return f"{first} and {second} diverge in epoch {difference.epoch}{step} of seed {seed}{stage}."


def facts(result: CompareResult) -> dict[str, str]:
    """What is known of the first difference, by name."""
    assert result.parity
    difference = result.parity.first_difference
    assert difference
    known = {}
    if difference.variable:
        name = "First variable of the final weights" if result.against else "First variable"
        known[name] = difference.variable
    if difference.max_abs is not None:
        size = f"{difference.max_abs:.3g}"
        if difference.max_ulp is not None:
            size += f", {decimal(difference.max_ulp, 0)} units in the last place"
        known["Largest difference"] = size
    if not result.equivalence and not meaning(result) and difference.stage in STAGES:
        known["To check"] = STAGES[difference.stage]
    return known


def reached(result: TrainResult) -> dict[str, str]:
    """What each trainer reached on the test data, over all seeds."""
    figures = {}
    for trainer in dict.fromkeys(run.trainer for run in result.runs):
        tests = [run.test for run in result.runs if run.trainer == trainer]
        seeds = f", mean of {len(tests)} seeds" if len(tests) > 1 else ""
        if tests[0].correct is None:
            losses = [test.loss for test in tests if test.loss is not None]
            loss = value(fmean(losses) if losses else None, "loss")
            figures[trainer] = f"{loss}{seeds}"
            continue
        correct, total = sum(t.correct or 0 for t in tests), sum(t.total for t in tests)
        figures[trainer] = f"{share(correct, total)} ({correct} of {total}{seeds})"
    return figures


def tested(test: Test) -> str:
    """What a model reached on the test data."""
    if test.correct is None:
        return f"loss {value(test.loss, 'loss')}"
    return f"{share(test.correct, test.total)} ({test.correct} of {test.total})"


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


def summary(figures: Summary, metric: str, seeds: int) -> tuple[str, str, str]:
    """Mean, standard deviation and interval of a figure over the seeds.

    The interval is empty if there are too few seeds for it, or both of its ends read the same.
    """
    mean, low, high = (value(number, metric) for number in (figures.mean, *figures.interval))
    interval = "" if low == high or seeds < FEWEST_SEEDS else f"{low} to {high}"
    return mean, size(figures.deviation, metric), interval


def probability(p: float | None) -> str:
    """A p as text."""
    return "not known" if p is None else "below 0.0001" if p < 0.0001 else f"{p:.4f}"


def chance(interval: Sequence[float] | None) -> str:
    """How far chance alone, in which images are the test images, may move an accuracy."""
    if interval is None:
        return "not known"
    low, high = interval
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


def share(part: int, whole: int) -> str:
    """A part of a whole as text, in percent."""
    return percent(part / whole, 2) if whole else ""


def spread(interval: Sequence[float], digits: int) -> str:
    """The lowest and the highest figure as text; nothing if they read the same."""
    low, high = (decimal(number, digits) for number in interval)
    return "" if low == high else f" (from {low} to {high})"


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
