"""The command `evaluate`: what it does, and its options."""

from __future__ import annotations

from pathlib import Path

from jsonargparse import Namespace

from vgg_keras.cli.commands.base import MODEL, Command, Option
from vgg_keras.cli.commands.execution import show_json, tensorflow_for
from vgg_keras.config import RunConfig


def run(options: Namespace) -> int:
    """Runs `vgg-keras evaluate`."""
    with tensorflow_for(options, RunConfig(), f"Evaluating {options.path}"):
        from vgg_keras.cli import terminal
        from vgg_keras.training import inference

        given = {name: options[name] for name in ("model", "dataset", "limit", "batch_size")}
        tests = inference.evaluate(options.path, **given)
        total = next(iter(tests.values())).total
        kept = {name: given[name] for name in ("dataset", "limit")}
        print(f"Data: {total} test images of {inference.run_config(options.path, **kept).dataset}")
        terminal.show_evaluations(tests)
    if options.json:
        show_json({path: test.to_dict() for path, test in tests.items()})
    return 0


COMMAND = Command(
    "measure saved models on test images",
    run,
    None,
    (
        Option("path", "A .keras file, or a run directory.", Path),
        Option("--dataset", "As in vgg-keras train; default that of the run, or mnist."),
        Option("--limit", "As in vgg-keras train; default that of the run.", int | None),
        MODEL,
        Option("--batch-size", "Images a step.", int, 32),
    ),
    ("vgg-keras evaluate logs/compare/NAME",),
)
