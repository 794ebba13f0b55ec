"""The commands: what each is for, what it can be asked for, and what it does."""

from vgg_keras.cli.commands import (
    benchmark,
    compare,
    diagnose,
    evaluate,
    predict,
    report,
    search,
    train,
)
from vgg_keras.cli.commands.base import Command

COMMANDS: dict[str, Command] = {
    "compare": compare.COMMAND,
    "train": train.COMMAND,
    "search": search.COMMAND,
    "benchmark": benchmark.COMMAND,
    "diagnose": diagnose.COMMAND,
    "evaluate": evaluate.COMMAND,
    "report": report.COMMAND,
    "predict": predict.COMMAND,
}

__all__ = ["COMMANDS"]
