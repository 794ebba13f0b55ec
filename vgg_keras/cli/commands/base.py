"""A command and its options, and the options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jsonargparse import Namespace

from vgg_keras.config import RunConfig


class Option(NamedTuple):
    """An option of a command.

    Attributes:
        name: Name, with dashes if it is no positional argument.
        help: What it is for; None if it is not shown.
        kind: Type of its value; bool for a flag.
        default: Value if it is not given.
        nargs: Number of values, as in `argparse`.
    """

    name: str
    help: str | None
    kind: Any = str | None
    default: Any = None
    nargs: str | None = None


class Command(NamedTuple):
    """A command of the program.

    Attributes:
        summary: What it does, in a few words.
        run: Runs it, and returns the exit status.
        config: Its configuration, whose fields are options.
        options: Its other options.
        examples: Command lines.
    """

    summary: str
    run: Callable[[Namespace], int]
    config: type[RunConfig] | None
    options: tuple[Option, ...]
    examples: tuple[str, ...]


RESUME = Option(
    "--resume", "Go on with the run of that --name, which was interrupted.", bool, False
)
NOTEBOOK = Option(
    "--notebook",
    "Print each epoch in the notebook's line, beside the one that it published.",
    bool,
    False,
)
LOCAL_WORKERS = Option(
    "--local-workers",
    "Start so many processes on this machine for --strategy multiworker, instead of TF_CONFIG.",
    int | None,
)
QUICK = Option("--quick", "Change defaults to --limit 6000 --epochs 2.", bool, False)
FROM = Option("--from", "Folder of a run, such as that of a search, whose design is taken over.")
MODEL = Option(
    "--model", "As in vgg-keras train, for a model of your own; default that of the run."
)
