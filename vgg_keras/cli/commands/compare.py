"""The command `compare`: what it does, and its options."""

from __future__ import annotations

from jsonargparse import Namespace

from vgg_keras.cli.commands.base import (
    FROM,
    LOCAL_WORKERS,
    NOTEBOOK,
    QUICK,
    RESUME,
    Command,
    Option,
)
from vgg_keras.cli.commands.execution import about, make_config, show_json, tensorflow_for
from vgg_keras.config import CompareConfig
from vgg_keras.config.base import count


def run(options: Namespace) -> int:
    """Runs `vgg-keras compare`."""
    config = make_config(CompareConfig, options)
    first, second = config.all_variants if config.against is None else (config.against, "a new run")
    trainings = f"{count(config.trainings, 'training')} of {count(config.epochs, 'epoch')}"
    purpose = f"Comparing {first} and {second}: {trainings}, {about(config)}"
    with tensorflow_for(options, config, purpose) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.comparison.compare import compare

        result = compare(config, resume=options.resume, verbose=verbose, notebook=options.notebook)
        if not options.quiet:
            print()
        terminal.show_verdict(result)
        if result.equivalence:
            terminal.show_means(result)
        elif not options.quiet:
            terminal.show_runs(result)
        terminal.show_test(result)
        if result.speed:
            terminal.show_speed(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    return int(options.require_identical and result.verdict != "identical")


COMMAND = Command(
    "train in two ways and compare them to the last bit",
    run,
    CompareConfig,
    (
        QUICK,
        RESUME,
        NOTEBOOK,
        FROM,
        LOCAL_WORKERS,
        Option(
            "--require-identical",
            "Exit with 1 if the trainers are not identical to the last bit.",
            bool,
            False,
        ),
    ),
    (
        "vgg-keras compare --quick",
        "vgg-keras compare --variants tape,fit:bfloat16 --seeds 5",
        "vgg-keras compare --model my.py:make_model --variants mine=my.py:loop,fit",
    ),
)
