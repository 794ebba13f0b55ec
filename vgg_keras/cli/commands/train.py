"""The command `train`: what it does, and its options."""

from __future__ import annotations

from jsonargparse import Namespace

from vgg_keras.cli.commands.base import FROM, LOCAL_WORKERS, NOTEBOOK, QUICK, RESUME, Command
from vgg_keras.cli.commands.execution import about, make_config, show_json, tensorflow_for
from vgg_keras.config import TrainConfig
from vgg_keras.config.base import count


def run(options: Namespace) -> int:
    """Runs `vgg-keras train`."""
    config = make_config(TrainConfig, options)
    epochs = count(config.epochs, "epoch")
    purpose = f"Training with {config.trainer}: {epochs}, {about(config)}"
    with tensorflow_for(options, config, purpose) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.training.run import train

        result = train(config, resume=options.resume, verbose=verbose, notebook=options.notebook)
        if not options.quiet:
            terminal.show_runs(result)
        terminal.show_test(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    return 0


COMMAND = Command(
    "train with one trainer",
    run,
    TrainConfig,
    (QUICK, RESUME, NOTEBOOK, FROM, LOCAL_WORKERS),
    (
        "vgg-keras train --quick",
        "vgg-keras train --trainer fit --model vgg11 --dataset cifar10 --epochs 10",
        "vgg-keras train --config logs/train/NAME/config.json --resume",
    ),
)
