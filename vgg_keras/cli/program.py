"""The command line: arguments, exit codes, and nothing that TensorFlow is needed for."""

from __future__ import annotations

import dataclasses
import io
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, get_type_hints

from docstring_parser import parse as parse_docstring
from jsonargparse import ArgumentParser, Namespace

from vgg_keras import __version__
from vgg_keras.cli import commands
from vgg_keras.cli.plain_yaml import PLAIN_YAML
from vgg_keras.config import BenchmarkConfig, CompareConfig, RunConfig, SearchConfig, TrainConfig
from vgg_keras.config.base import QUICK, option_of
from vgg_keras.config.lists import list_type
from vgg_keras.errors import InconclusiveError, InputError, require
from vgg_keras.runtime.signals import sigterm_interrupts


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        argv: arguments; None for those of the process.

    Returns:
        The exit status: 0 done, 1 the check asked for did not hold, 2 bad usage or bad input,
        3 inconclusive, 130 or 143 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = parse(arguments)
        with sigterm_interrupts():
            return COMMANDS[options.subcommand].run(options[options.subcommand])
    except (InputError, InconclusiveError) as error:
        if "--verbose" in arguments:
            traceback.print_exc()
        print(f"vgg-keras: {' '.join(str(error).split())}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 3
    except OSError as error:
        if "--verbose" in arguments:
            traceback.print_exc()
        told = " ".join(str(error).split())
        advice = "mend it, or choose others"
        expected = "expected files that can be read and written"
        print(f"vgg-keras: {expected}, received {told}; {advice}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print("vgg-keras: interrupted", file=sys.stderr)
        if argv is None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # lest Python's own end is interrupted
        return 128 + (error.args or (signal.SIGINT,))[0]
    except Exception:  # so that the status is not that of a difference found
        traceback.print_exc()
        return 3


def parse(arguments: list[str]) -> Namespace:
    """Parses the arguments, and the configuration file that they may name.

    Raises:
        InputError: if they cannot be used.
    """
    quick = "--quick" in arguments
    try:
        options = make_parser(quick).parse_args(arguments)
    except Exception as error:  # a configuration file can make the parser fail in any way
        raise InputError(
            f"options: expected those of vgg-keras COMMAND --help, received {error}"
        ) from error
    chosen = options[options.subcommand]
    if chosen.get("quick") and not quick:
        for field, value in QUICK.items():
            require(chosen[field] == value, "quick in --config", f"{field}: {value}", chosen[field])
    return options


def make_parser(quick: bool = False) -> ArgumentParser:
    """Makes the parser of all commands.

    Args:
        quick: whether `--quick` is among the arguments: it changes defaults, so that options
            given beside it still count.
    """
    parser = ArgumentParser(
        prog="vgg-keras",
        description="One subclassed Keras VGG, trained through tf.GradientTape and through fit.",
        version=__version__,
        exit_on_error=False,
        allow_abbrev=False,
        parser_mode=PLAIN_YAML,
    )
    commands = parser.add_subcommands(metavar="COMMAND")
    for name, command in COMMANDS.items():
        options = ArgumentParser(
            description=command.summary,
            exit_on_error=False,
            allow_abbrev=False,
            parser_mode=PLAIN_YAML,
        )
        options.add_argument("--config", action="config", help="YAML file of these options")
        command.add_options(options)
        for flag, text in OUTPUT_FLAGS.items():
            options.add_argument(flag, action="store_true", help=text)
        if quick and "--quick" in options._option_string_actions:
            options.set_defaults(QUICK)
        commands.add_subcommand(name, options, help=command.summary)
    return parser


OUTPUT_FLAGS = {
    "--json": "print the result, and nothing else, on standard output as JSON",
    "--quiet": "show no progress and no table of epochs or trials",
    "--verbose": "show TensorFlow's own messages, and the traceback of an error",
}


def add_run_options(parser: ArgumentParser, config: type[RunConfig]) -> None:
    """Adds an option for each field of a configuration, with the help of its docstring."""
    helps = {
        parameter.arg_name: parameter.description
        for base in reversed(config.__mro__[:-1])
        for parameter in parse_docstring(base.__doc__ or "").params
    }
    types = get_type_hints(config)
    for field in dataclasses.fields(config):
        option, text = option_of(field.name), helps[field.name]
        kind, default = types[field.name], field.default
        if kind is bool:
            parser.add_argument(option, action="store_true", help=text)
        elif list_type(kind):
            default = default and str(default)
            # not a number: YAML reads 2:6:2 as one, in base 60
            parser.add_argument(option, type=str | list | None, default=default, help=text)
        else:
            parser.add_argument(option, type=kind, default=default, help=text)


def add_training_options(parser: ArgumentParser, config: type[RunConfig]) -> None:
    """Adds the options of a command that trains one model or two."""
    add_run_options(parser, config)
    preset = " ".join(f"--{option} {value}" for option, value in QUICK.items())
    parser.add_argument("--quick", action="store_true", help=f"change defaults to {preset}")
    text = "go on with the run of that --name, which was interrupted"
    parser.add_argument("--resume", action="store_true", help=text)
    text = "print each epoch in the notebook's line, beside the one that it published"
    parser.add_argument("--notebook", action="store_true", help=text)


def add_compare_options(parser: ArgumentParser) -> None:
    """Adds the options of `compare`."""
    add_training_options(parser, CompareConfig)
    text = "exit with 1 if the trainers are not identical to the last bit"
    parser.add_argument("--require-identical", action="store_true", help=text)


def add_train_options(parser: ArgumentParser) -> None:
    """Adds the options of `train`."""
    add_training_options(parser, TrainConfig)


def add_search_options(parser: ArgumentParser) -> None:
    """Adds the options of `search`."""
    add_run_options(parser, SearchConfig)
    text = "go on with the search of that --name"
    parser.add_argument("--resume", action="store_true", help=text)
    text = "HOST:PORT where workers of other machines may ask for trials"
    parser.add_argument("--chief", type=str | None, default=None, help=text)
    text = "HOST:PORT of the chief of a search to run trials for"
    parser.add_argument("--join", type=str | None, default=None, help=text)


def add_benchmark_options(parser: ArgumentParser) -> None:
    """Adds the options of `benchmark`."""
    add_run_options(parser, BenchmarkConfig)


def add_evaluate_options(parser: ArgumentParser) -> None:
    """Adds the options of `evaluate`."""
    parser.add_argument("path", type=Path, help="a .keras file, or a run directory")
    text = "as in vgg-keras train; default that of the run, or mnist"
    parser.add_argument("--dataset", type=str | None, default=None, help=text)
    text = "as in vgg-keras train; default that of the run"
    parser.add_argument("--limit", type=int | None, default=None, help=text)
    parser.add_argument("--batch-size", type=int, default=32, help="images a step")


def add_predict_options(parser: ArgumentParser) -> None:
    """Adds the options of `predict`."""
    parser.add_argument("path", type=Path, help="a .keras file, or the directory of one run")
    parser.add_argument("images", type=Path, nargs="+", help="image files")


def add_report_options(parser: ArgumentParser) -> None:
    """Adds the options of `report`."""
    parser.add_argument("path", type=Path, help="a run directory")


class Command(NamedTuple):
    """A command of the program."""

    summary: str
    add_options: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


COMMANDS = {
    "compare": Command(
        "train in two ways and compare them to the last bit",
        add_compare_options,
        commands.run_compare,
    ),
    "train": Command("train with one trainer", add_train_options, commands.run_train),
    "search": Command(
        "search filter counts with KerasTuner", add_search_options, commands.run_search
    ),
    "benchmark": Command(
        "time two ways of training in turns", add_benchmark_options, commands.run_benchmark
    ),
    "evaluate": Command(
        "measure saved models on test images", add_evaluate_options, commands.run_evaluate
    ),
    "report": Command("write report.html of a run again", add_report_options, commands.run_report),
    "predict": Command("classify image files", add_predict_options, commands.run_predict),
}
