"""What a person sees: tables and verdicts."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from vgg_keras.comparison import notebook
from vgg_keras.comparison.pairs import pair_runs
from vgg_keras.reporting import benchmark as timed
from vgg_keras.reporting import words


def show_runs(result: Mapping[str, Any]) -> None:
    """Prints the figures of all runs, epoch by epoch, those of the same epoch together."""
    runs = result["runs"]
    several = len({run["seed"] for run in runs}) > 1
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("Seed", "Epoch") if several else ("Epoch",):
        table.add_column(column, no_wrap=True)
    table.add_column("Trainer")
    for column in ("Loss", "Acc.", "Test loss", "Test acc.", "s", "sha256"):
        table.add_column(column, justify="right", no_wrap=True)
    rows = [(run["seed"], epoch, run) for run in runs for epoch in range(run["epochs_done"])]
    for seed, epoch, run in sorted(rows, key=lambda row: row[:2]):
        loss, accuracy, test_loss, test_accuracy = (
            run["history"][metric][epoch] for metric in notebook.METRICS
        )
        figures = [
            str(epoch + 1),
            breakable(run["trainer"]),
            f"{loss:.5f}",
            f"{accuracy:.2%}",
            f"{test_loss:.5f}",
            f"{test_accuracy:.2%}",
            f"{run['seconds_per_epoch'][epoch]:.1f}",
            run["digests"][epoch][:8],
        ]
        table.add_row(*([str(seed), *figures] if several else figures))
    Console().print(table)


def breakable(variant: str) -> str:
    """A variant's name, to be broken behind a colon where a table is too narrow for it."""
    return variant.replace(":", ": ")


def show_notebook(result: Mapping[str, Any]) -> None:
    """Prints each epoch in the notebook's own line, and below it the line that it published."""
    for run in result["runs"]:
        print(f"\nTrainer {run['trainer']}, seed {run['seed']}, cumulative from the first epoch,")
        print("and what the notebook published, with 60,000 images:")
        for epoch in range(run["epochs_done"]):
            print(notebook.line(run["cumulative"], epoch))
            if epoch < len(notebook.PUBLISHED["loss"]):
                print(f"{notebook.line(notebook.PUBLISHED, epoch)} (published)")


def show_test(result: Mapping[str, Any]) -> None:
    """Prints the test accuracy of each trainer, as a mean over seeds if there are several."""
    trainers = dict.fromkeys(run["trainer"] for run in result["runs"])
    for trainer in trainers:
        tests = [run["test"] for run in result["runs"] if run["trainer"] == trainer]
        correct, total = sum(t["correct"] for t in tests), sum(t["total"] for t in tests)
        seeds = f", mean of {len(tests)} seeds" if len(tests) > 1 else ""
        print(f"Test accuracy, {trainer}: {correct / total:.2%} ({correct} of {total}{seeds})")
    widest = max(result["runs"], key=lambda run: run["test_interval"][1] - run["test_interval"][0])
    print(f"One run's is uncertain by {words.chance(widest)} (95 % interval, binomial)")


def show_verdict(result: Mapping[str, Any]) -> None:
    """Prints how the trainers compare: over the seeds if there are several, and bit by bit."""
    equivalence, verdict = result["equivalence"], result["parity"]["verdict"]
    if equivalence and verdict == "diverges":
        show_sentences(f"Verdict: {words.verdict(equivalence)}", *words.differences(equivalence))
    if verdict == "indistinguishable":
        show_sentences(f"Verdict: {words.NOISE}")
    else:
        show_parity(result)
    show_sentences(*words.repetitions(result), *words.changes(result))


def show_sentences(*sentences: str) -> None:
    """Prints each in lines of at most 80 characters."""
    for sentence in sentences:
        print(textwrap.fill(sentence, 80, break_on_hyphens=False))


def show_means(result: Mapping[str, Any]) -> None:
    """Prints mean, standard deviation and interval of each trainer's figures over the seeds."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("At the end", no_wrap=True)
    table.add_column("Trainer")
    for column in ("Mean", "SD", "95 % interval of the mean"):
        table.add_column(column, justify="right", no_wrap=True)
    trainers = result["equivalence"]["trainers"]
    for metric, name in words.FIGURES.items():
        for trainer, figures in trainers.items():
            told = words.summary(figures[metric], metric)
            table.add_row(name.capitalize(), breakable(trainer), *told)
    Console().print(table)


def show_parity(result: Mapping[str, Any]) -> None:
    """Prints whether bits agree, and where the trainers part if they do."""
    parity, difference = result["parity"], result["parity"]["first_difference"]
    if parity["verdict"] == "identical":
        epochs = parity["epochs_compared"]
        print("Verdict: identical to the last bit. Weights, optimizer and metrics agree")
        print(f"after each of {epochs} epochs." if epochs > 1 else "after the epoch.")
        return
    place = f"epoch {difference['epoch']}"
    if difference["step"]:
        place += f", step {difference['step']}"
    pairs = pair_runs(result["runs"])
    seed = next(a["seed"] for a, b in pairs if a["digests"] != b["digests"])
    verdict = "Bit by bit" if len(pairs) > 1 else "Verdict"
    both = " and ".join(words.names(result))
    stage, final = f", stage {difference['stage']}", ""
    if "against" in result:
        stage, final = "", " of the final weights"
    told = f"{verdict}: {both} part in {place} of seed {seed}{stage}."
    show_sentences(told, *words.meaning(result))
    if difference["variable"]:
        print(f"First variable{final}: {difference['variable']}.")
    if difference["max_abs"] is not None:
        size = f"Largest difference: {difference['max_abs']:.3g}"
        if difference["max_ulp"] is not None:
            size += f", {difference['max_ulp']:.0f} units in the last place"
        print(f"{size}.")


def show_speed(result: Mapping[str, Any]) -> None:
    """Prints the ratio of the trainers' times."""
    names = words.names(result)
    ratio, (low, high) = result["speed"]["_over_".join(names)], result["speed"]["interval"]
    spread = f" (from {low:.2f} to {high:.2f})" if low < high else ""
    told = f"Seconds an epoch, {' over '.join(names)}, run one after the other"
    print(f"{told}: {ratio:.2f}{spread}")


def show_timings(result: Mapping[str, Any]) -> None:
    """Prints what the turns of a benchmark took, and which is faster."""
    config, environment = result["config"], result["environment"]
    calls, rounds = config["steps"], config["rounds"]
    print(f"{environment['processor']}, {environment['cores']} cores, load {result['load']:.1f}")
    print(f"{rounds} rounds of two turns each, {calls} calls of the training function a turn")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Variant")
    for column in ("First call, s", "Images a second"):
        table.add_column(column, justify="right")
    for row in timed.contestants(result):
        table.add_row(*row)
    Console().print(table)
    for ratio in timed.ratios(result):
        print(textwrap.fill(timed.sentence(ratio), 80))
    for name, cost in result.get("recording", {}).items():
        print(
            f"Recording {name} outside of steps: {cost['seconds']:.2f} s "
            f"in {cost['epochs']} epochs, {cost['event_bytes'] / 1e6:.2f} MB of events"
        )


def show_directory(command: str, result: Mapping[str, Any]) -> None:
    """Prints where the run was saved."""
    config = result["config"]
    print(f"Saved in {Path(config['logdir'], command, config['name'])}")


def show_trials(result: Mapping[str, Any]) -> None:
    """Prints the trials of a search, the best first, failed ones last."""
    best_first = -1 if result["config"]["objective"] == "val_accuracy" else 1
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("Trial", *result["space"]):
        table.add_column(column)
    for column in ("Score", "Parameters", "Epoch", "Seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    for trial in sorted(
        result["trials"],
        key=lambda trial: (trial["score"] is None, best_first * (trial["score"] or 0)),
    ):
        values = [str(trial["values"].get(name, "")) for name in result["space"]]
        score = trial["status"] if trial["score"] is None else f"{trial['score']:.4f}"
        figures = (trial["parameters"], trial["best_epoch"], f"{trial['seconds']:.1f}")
        table.add_row(trial["id"], *values, score, *map(str, figures))
    Console().print(table)


def show_best(result: Mapping[str, Any]) -> None:
    """Prints the best trial, and what its design reached on the test images."""
    best = result["best"]
    if best is None:
        print("No trial was completed.")
        return
    values = ", ".join(f"{name} {value}" for name, value in best["values"].items())
    objective = result["config"]["objective"]
    print(f"Best: trial {best['trial']}, {objective} {best['score']:.4f}: {values}")
    test = best["test"]
    print(
        f"Trained anew on all training images, tested once: {test['accuracy']:.2%} "
        f"({test['correct']} of {test['total']})"
    )


def show_evaluations(evaluations: Mapping[str, Mapping[str, Any]]) -> None:
    """Prints loss and accuracy of each model."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Model", overflow="fold")
    for column in ("Test loss", "Test acc.", "Correct"):
        table.add_column(column, justify="right")
    for path, test in evaluations.items():
        correct = f"{test['correct']} of {test['total']}"
        table.add_row(path, f"{test['loss']:.5f}", f"{test['accuracy']:.2%}", correct)
    Console().print(table)


def show_predictions(predictions: Mapping[str, Mapping[str, Any]]) -> None:
    """Prints the class of each image."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Image", overflow="fold")
    for column in ("Class", "Probability"):
        table.add_column(column, justify="right")
    for path, prediction in predictions.items():
        table.add_row(path, str(prediction["class"]), f"{prediction['probability']:.2%}")
    Console().print(table)
