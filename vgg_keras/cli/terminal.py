"""What a person sees: tables and verdicts."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image
from rich import box
from rich.console import Console
from rich.table import Table

from vgg_keras.callbacks.events import FILES
from vgg_keras.config.search import direction_of
from vgg_keras.reporting import benchmark, diagnose, words
from vgg_keras.reporting.training import metrics_of
from vgg_keras.runs.results import (
    BenchmarkResult,
    CompareResult,
    DiagnoseResult,
    Result,
    SearchResult,
    Test,
    TrainResult,
)

HEADS = {"loss": "Loss", "accuracy": "Acc.", "val_loss": "Test loss", "val_accuracy": "Test acc."}
MOST_COLUMNS = 4
MOST_PICTURES = 5
PICTURE_COLUMNS = 56
GRAYS = " .:-=+*#%@"
"""From black to white, on a dark terminal."""

STYLES = {
    "identical": "green",
    "indistinguishable": "green",
    "equivalent": "green",
    "different": "red",
    "diverges": "red",
}
"""Colours of verdicts; those that decide nothing are yellow."""


def style_of(verdict: str | None) -> str:
    """The colour of a verdict."""
    return STYLES.get(verdict or "", "yellow")


NEAR = "≈"
"""Before the score of a trial that chance alone may rank below the best."""


def show_table(table: Table) -> None:
    """Prints a table; nothing in a name or a path is markup."""
    Console(markup=False, emoji=False).print(table)


def show_runs(result: TrainResult) -> None:
    """Prints the figures of runs of one seed by epoch, those first in which the runs differ."""
    runs = result.runs
    metrics = list(metrics_of(runs))[:MOST_COLUMNS]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Epoch", no_wrap=True)
    table.add_column("Trainer")
    for column in (*(HEADS.get(metric, metric) for metric in metrics), "s", "sha256"):
        table.add_column(column, justify="right", no_wrap=True)
    rows = [(epoch, run) for run in runs for epoch in range(run.epochs_done)]
    same = {
        epoch: len({run.digests[epoch] for at, run in rows if at == epoch}) == 1
        for epoch, _ in rows
    }
    for epoch, run in sorted(rows, key=lambda row: (same[row[0]], row[0])):
        table.add_row(
            str(epoch + 1),
            breakable(run.trainer),
            *(words.value(run.history[metric][epoch], metric) for metric in metrics),
            f"{run.seconds_per_epoch[epoch]:.1f}",
            run.digests[epoch][:8],
            style="" if same[epoch] else style_of("diverges"),
        )
    show_table(table)


def breakable(variant: str) -> str:
    """A variant's name, to be broken behind a colon where a table is too narrow for it."""
    return variant.replace(":", ": ")


def show_test(result: TrainResult) -> None:
    """Prints the test accuracy of each trainer, as a mean over seeds if there are several."""
    figure = "loss" if result.runs[0].test.correct is None else "accuracy"
    for trainer, reached in words.reached(result).items():
        print(f"Test {figure}, {trainer}: {reached}")
    intervals = [run.test_interval for run in result.runs if run.test_interval]
    if intervals:
        chance = words.chance(max(intervals, key=lambda bounds: bounds[1] - bounds[0]))
        print(f"One run's is uncertain by {chance} (95 % interval, binomial)")


def show_verdict(result: CompareResult) -> None:
    """Prints how the trainers compare: over the seeds if there are several, and bit by bit."""
    assert result.parity
    equivalence, verdict = result.equivalence, result.parity.verdict
    if equivalence and verdict == "diverges":
        over_seeds = f"Verdict: {words.verdict(equivalence)}"
        show_sentences(over_seeds, style=style_of(equivalence.verdict))
        show_sentences(*words.differences(equivalence))
    if verdict == "indistinguishable":
        show_sentences(f"Verdict: {words.NOISE}", style=style_of(verdict))
    else:
        show_parity(result)
    show_sentences(*words.repetitions(result), *words.changes(result), *words.resumed(result))


def show_diagnosis(result: DiagnoseResult) -> None:
    """Prints what makes a loop another training than `fit`."""
    show_sentences(f"Verdict: {diagnose.verdict(result)}", style=style_of(result.verdict))
    for cause in diagnose.causes_of(result):
        print()
        show_sentences(f"{cause.cause}:", *diagnose.sentences(cause))


def show_sentences(*sentences: str, style: str = "") -> None:
    """Prints each in lines of at most 80 characters; no path is broken.

    Args:
        *sentences: Sentences.
        style: Their colour on a terminal that has some.
    """
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
    for sentence in sentences:
        lines = textwrap.fill(sentence, 80, break_on_hyphens=False, break_long_words=False)
        console.print(lines, style=style)


def show_means(result: CompareResult) -> None:
    """Prints mean, standard deviation and interval of each trainer's figures over the seeds."""
    assert result.equivalence
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("At the end", no_wrap=True)
    table.add_column("Trainer")
    for column in ("Mean", "SD", "95 % interval of the mean"):
        table.add_column(column, justify="right", no_wrap=True)
    trainers, seeds = result.equivalence.trainers, result.equivalence.seeds
    for metric in next(iter(trainers.values())):
        for trainer, figures in trainers.items():
            name = words.figure(metric).capitalize()
            table.add_row(name, breakable(trainer), *words.summary(figures[metric], metric, seeds))
    show_table(table)


def show_parity(result: CompareResult) -> None:
    """Prints whether bits agree, and where the trainers diverge if they do."""
    assert result.parity
    if result.parity.first_difference is None:
        agree = f"Weights, optimizer and metrics agree after {words.compared(result)}."
        show_sentences(f"Verdict: identical to the last bit. {agree}", style=style_of("identical"))
        return
    several = result.equivalence is not None
    name, style = ("Bit by bit", "") if several else ("Verdict", style_of("diverges"))
    show_sentences(f"{name}: {words.divergence(result)}", style=style)
    show_sentences(*words.meaning(result))
    for name, fact in words.facts(result).items():
        show_sentences(f"{name}: {fact}" if fact[-1] in ".?" else f"{name}: {fact}.")


def show_speed(result: CompareResult) -> None:
    """Prints the ratio of the trainers' times."""
    assert result.speed
    spread = words.spread(result.speed.interval, 2)
    both = f"{result.speed.first} over {result.speed.second}"
    print(f"Seconds an epoch, {both}, run one after the other: {result.speed.ratio:.2f}{spread}")


def show_timings(result: BenchmarkResult) -> None:
    """Prints what a benchmark has timed, and which variant is faster."""
    config, environment = result.config, result.environment
    calls, rounds = config["steps"], config["rounds"]
    print(f"{environment['processor']}, {environment['cores']} cores, load {result.load:.1f}")
    print(f"{rounds} rounds of two blocks each, {calls} calls of the training function a block")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Variant")
    for column in ("First call, s", "Images a second"):
        table.add_column(column, justify="right")
    for row in benchmark.rows_of(result):
        table.add_row(*row)
    show_table(table)
    show_sentences(*map(benchmark.sentence, result.ratios), *result.doubts)
    for name, cost in (result.recording or {}).items():
        print(
            f"Recording {name} outside of steps: {cost.seconds:.2f} s "
            f"in {cost.epochs} epochs, {cost.event_bytes / 1e6:.2f} MB of events"
        )


def show_directory(result: Result) -> None:
    """Prints where the run was saved, and how to look at it."""
    print(f"Saved in {result.path}")
    print(f"Report: {result.path / 'report.html'}")
    if any(result.path.rglob(f"{FILES}*")):
        print(f"Curves: tensorboard --logdir {shlex.quote(str(result.path))}")


def show_trials(result: SearchResult) -> None:
    """Prints the trials of a search, the best first, failed ones last."""
    best_first = -1 if direction_of(result.config["objective"]) == "max" else 1
    near = result.near_best if len(result.near_best) > 1 else set()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("Trial", *result.space):
        table.add_column(column)
    for column in ("Score", "Parameters", "Epoch", "Seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    for trial in sorted(
        result.trials,
        key=lambda trial: (trial.score is None, best_first * (trial.score or 0)),
    ):
        values = [str(trial.values.get(name, "")) for name in result.space]
        score = trial.status if trial.score is None else f"{trial.score:.4f}"
        score = f"{NEAR}{score}" if trial.id in near else score
        figures = (trial.parameters, trial.best_epoch, f"{trial.seconds:.1f}")
        table.add_row(trial.id, *values, score, *map(str, figures))
    show_table(table)


def show_best(result: SearchResult) -> None:
    """Prints the best trial, and what its design reached on the test data."""
    best = result.best
    if best is None:
        print("No trial was completed.")
        return
    values = ", ".join(f"{name} {value}" for name, value in best.values.items())
    objective = result.config["objective"]
    print(f"Best: trial {best.trial}, {objective} {best.score:.4f}: {values}")
    images, near = result.data["validation"], len(result.near_best)
    if near > 1:
        tell = f"{images} held-out images do not tell these {near} trials apart"
        print(f"{NEAR} within chance of the best: {tell}")
    print(f"Retrained on all training images, then tested: {words.tested(best.test)}")


def show_evaluations(evaluations: Mapping[str, Test]) -> None:
    """Prints loss and accuracy of each model."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Model", overflow="fold")
    for column in ("Test loss", "Test acc.", "Correct"):
        table.add_column(column, justify="right")
    for path, test in evaluations.items():
        correct = "" if test.correct is None else f"{test.correct} of {test.total}"
        accuracy = "" if test.accuracy is None else f"{test.accuracy:.2%}"
        table.add_row(path, words.value(test.loss, "loss"), accuracy, correct)
    show_table(table)


def show_pictures(predictions: Mapping[str, Mapping[str, Any]]) -> None:
    """Prints images as the model sees them, in characters, unless there are many."""
    if len(predictions) > MOST_PICTURES:
        return
    for path, prediction in predictions.items():
        image = Image.fromarray(prediction["picture"].squeeze()).convert("L")
        image.thumbnail((PICTURE_COLUMNS, PICTURE_COLUMNS))
        small = np.asarray(image.resize((image.width, -(-image.height // 2))), int)
        print(f"\n{path}, as the model sees it:")
        for row in small * len(GRAYS) // 256:
            print("".join(GRAYS[gray] for gray in row).rstrip())


def show_predictions(predictions: Mapping[str, Mapping[str, Any]], sure: float) -> None:
    """Prints the most probable classes of each image.

    Args:
        predictions: What `predict` says of each.
        sure: Lowest probability of a prediction that is not called unsure.
    """
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Image", overflow="fold")
    table.add_column("Class")
    table.add_column("Probability", justify="right")
    table.add_column("Next")
    table.add_column("")
    for path, prediction in predictions.items():
        others = (f"{row['class']} {row['probability']:.2%}" for row in prediction["top"][1:])
        notes = [word for word in ("unsure", "inverted") if prediction[word]]
        table.add_row(
            path,
            str(prediction["class"]),
            f"{prediction['probability']:.2%}",
            ", ".join(others),
            ", ".join(notes),
        )
    show_table(table)
    if any(prediction["unsure"] for prediction in predictions.values()):
        print(f"unsure: a probability below {sure:.0%}")
    if any(prediction["inverted"] for prediction in predictions.values()):
        print("inverted: the border is light, and the model was trained with white on black")
