"""The command `search`: what it does, and its options."""

from __future__ import annotations

from jsonargparse import Namespace

from vgg_keras.cli.commands.base import Command, Option
from vgg_keras.cli.commands.execution import about, make_config, show_json, tensorflow_for
from vgg_keras.config import SearchConfig
from vgg_keras.config.base import count
from vgg_keras.errors import require


def run(options: Namespace) -> int:
    """Runs `vgg-keras search`."""
    config = make_config(SearchConfig, options)
    alone = not (options.join and (options.resume or options.chief))
    require(alone, "--join", "neither --resume nor --chief beside it", "one of them")
    if config.workers != 1:
        from vgg_keras.runtime.startup import own_environment
        from vgg_keras.tuning.workers import prepare_processes

        own_environment()
        prepare_processes()  # while this one imports TensorFlow too
    trials = "trials" if config.algorithm == "hyperband" else count(config.trials, "trial")
    trials += f" of {count(config.epochs, 'epoch')}"
    purpose = f"Searching for the best {config.objective}: {trials}, {about(config)}"
    if options.join:
        purpose = f"Running trials for {options.join}"
    with tensorflow_for(options, config, purpose) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.tuning.join import join
        from vgg_keras.tuning.search import search

        if options.join:
            join(config, options.join, verbose)
            return 0
        result = search(config, resume=options.resume, verbose=verbose, chief=options.chief)
        if not options.quiet:
            terminal.show_trials(result)
        terminal.show_best(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    return 0 if result.best else 3


COMMAND = Command(
    "search filter counts, or what a function of your own chooses, with KerasTuner",
    run,
    SearchConfig,
    (
        Option("--resume", "Go on with the search of that --name.", bool, False),
        Option("--chief", "HOST:PORT where workers of other machines may ask for trials."),
        Option("--join", "HOST:PORT of the chief of a search to run trials for."),
    ),
    (
        "vgg-keras search --trials 10 --limit 6000 --epochs 1 --workers auto",
        "vgg-keras search --filters-choices 16,32,64 --blocks-choices 1,2",
        "vgg-keras search --model my.py:make_model --algorithm hyperband",
    ),
)
