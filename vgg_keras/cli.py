"""The command line: arguments, exit codes, and nothing that TensorFlow is needed for."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_type_hints

from docstring_parser import parse as parse_docstring
from jsonargparse import ArgumentError, ArgumentParser, Namespace
from jsonargparse.typing import register_type

from vgg_keras import __version__
from vgg_keras.config import (
    QUICK,
    CompareConfig,
    FilterCounts,
    InputError,
    RunConfig,
    TrainConfig,
    option_of,
    require,
)

Config = TypeVar("Config", bound=RunConfig)
register_type(FilterCounts, serializer=str, deserializer=FilterCounts.parse)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        argv: arguments; None for those of the process.

    Returns:
        The exit status: 0 done, 1 the check asked for did not hold, 2 bad usage or bad input,
        130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = parse(arguments)
        return COMMANDS[options.subcommand].run(options[options.subcommand])
    except InputError as error:
        if "--verbose" in arguments:
            traceback.print_exc()
        print(f"vgg-keras: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("vgg-keras: interrupted", file=sys.stderr)
        return 130


def parse(arguments: list[str]) -> Namespace:
    """Parses the arguments, and the configuration file that they may name.

    Raises:
        InputError: if they cannot be used.
    """
    quick = "--quick" in arguments
    try:
        options = make_parser(quick).parse_args(arguments)
    except (ArgumentError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(str(error)) from error
    if options[options.subcommand].get("quick") and not quick:
        raise InputError("quick: expected on the command line, received in the --config file")
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
    )
    commands = parser.add_subcommands(metavar="COMMAND")
    for name, command in COMMANDS.items():
        options = ArgumentParser(
            description=command.summary, exit_on_error=False, allow_abbrev=False
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
    "--quiet": "show no progress and no tables",
    "--verbose": "show TensorFlow's own messages, and the traceback of an error",
}


def add_run_options(parser: ArgumentParser, config: type[RunConfig]) -> None:
    """Adds an option for each field of a configuration, with the help of its docstring."""
    helps = {
        parameter.arg_name: parameter.description
        for base in config.__mro__[:-1]
        for parameter in parse_docstring(base.__doc__ or "").params
    }
    types = get_type_hints(config)
    for field in dataclasses.fields(config):
        option, text = option_of(field.name), helps[field.name]
        if types[field.name] is bool:
            parser.add_argument(option, action="store_true", help=text)
        else:
            parser.add_argument(option, type=types[field.name], default=field.default, help=text)
    preset = " ".join(f"--{option} {value}" for option, value in QUICK.items())
    parser.add_argument("--quick", action="store_true", help=f"change defaults: {preset}")
    text = "print each epoch in the notebook's line, beside the one that it published"
    parser.add_argument("--notebook", action="store_true", help=text)


def add_compare_options(parser: ArgumentParser) -> None:
    """Adds the options of `compare`."""
    add_run_options(parser, CompareConfig)
    text = "exit with 1 if the trainers are not identical to the last bit"
    parser.add_argument("--require-identical", action="store_true", help=text)


def add_train_options(parser: ArgumentParser) -> None:
    """Adds the options of `train`."""
    add_run_options(parser, TrainConfig)


def add_evaluate_options(parser: ArgumentParser) -> None:
    """Adds the options of `evaluate`."""
    parser.add_argument("path", type=Path, help="a .keras file, or a run directory")
    parser.add_argument("--dataset", type=str, default="mnist", help="as in vgg-keras train")
    parser.add_argument("--limit", type=int | None, default=None, help="as in vgg-keras train")
    parser.add_argument("--batch-size", type=int, default=32, help="images a step")


def add_predict_options(parser: ArgumentParser) -> None:
    """Adds the options of `predict`."""
    parser.add_argument("path", type=Path, help="a .keras file, or the directory of one run")
    parser.add_argument("images", type=Path, nargs="+", help="image files")


@contextlib.contextmanager
def tensorflow_for(options: Namespace) -> Iterator[int]:
    """Starts TensorFlow with as much output as was asked for.

    Yields:
        Keras's `verbose`: 0 silent, 1 a progress bar, 2 a line an epoch, for pipes and files.
    """
    from vgg_keras.startup import silent_startup

    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        with contextlib.nullcontext() if options.verbose else silent_startup():
            import tensorflow as tf

            tf.zeros(())  # starts the devices, which have something to say too
            if not options.verbose:
                tf.get_logger().setLevel("ERROR")
        yield 0 if options.quiet else 1 if sys.stdout.isatty() else 2


def run_compare(options: Namespace) -> int:
    """Runs `vgg-keras compare`."""
    config = make_config(CompareConfig, options)
    with tensorflow_for(options) as verbose:
        from vgg_keras import terminal
        from vgg_keras.comparison.experiment import compare

        result = compare(config, verbose)
        show_result(result, options)
        terminal.show_speed(result)
        terminal.show_parity(result)
    if options.json:
        show_json(result)
    return int(options.require_identical and result["parity"]["verdict"] != "identical")


def run_train(options: Namespace) -> int:
    """Runs `vgg-keras train`."""
    config = make_config(TrainConfig, options)
    with tensorflow_for(options) as verbose:
        from vgg_keras.comparison.experiment import train

        result = train(config, verbose)
        show_result(result, options)
    if options.json:
        show_json(result)
    return 0


def run_evaluate(options: Namespace) -> int:
    """Runs `vgg-keras evaluate`."""
    config = make_config(RunConfig, options)
    with tensorflow_for(options):
        from vgg_keras import inference, terminal
        from vgg_keras.datasets import load_dataset

        models = inference.find_models(options.path)
        arrays = load_dataset(config.dataset, config.limit)
        evaluations = {
            str(path): inference.evaluate(inference.load_model(path), arrays, config.batch_size)
            for path in models
        }
        if not options.quiet:
            terminal.show_evaluations(evaluations)
    if options.json:
        show_json(evaluations)
    return 0


def run_predict(options: Namespace) -> int:
    """Runs `vgg-keras predict`."""
    with tensorflow_for(options):
        from vgg_keras import inference, terminal

        models = inference.find_models(options.path)
        if len(models) > 1:
            raise InputError(
                f"path: expected one model, received {options.path} with {len(models)}; "
                f"choose one, for example {models[0]}"
            )
        rows = inference.predict(inference.load_model(models[0]), options.images)
        predictions = dict(zip(map(str, options.images), rows, strict=True))
        if not options.quiet:
            terminal.show_predictions(predictions)
    if options.json:
        show_json(predictions)
    return 0


def make_config(kind: type[Config], options: Namespace) -> Config:
    """Makes a configuration of the options that there are for it."""
    fields = [field for field in dataclasses.fields(kind) if field.name in options]
    for field in fields:
        missing = options[field.name] is None and field.default is not None
        require(not missing, option_of(field.name), f"a value such as {field.default}", "none")
    return kind(**{field.name: options[field.name] for field in fields})


def show_json(value: dict[str, Any]) -> None:
    """Prints a result on standard output."""
    from vgg_keras.runs import json_values

    print(json.dumps(json_values(value), allow_nan=False))


def show_result(result: dict[str, Any], options: Namespace) -> None:
    """Shows what trainings had to show."""
    from vgg_keras import terminal

    if not options.quiet:
        terminal.show_runs(result)
    if options.notebook:
        terminal.show_notebook(result)
    terminal.show_test(result)


class Command(NamedTuple):
    """A command of the program."""

    summary: str
    add_options: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


COMMANDS = {
    "compare": Command(
        "train with both trainers and compare them to the last bit",
        add_compare_options,
        run_compare,
    ),
    "train": Command("train with one trainer", add_train_options, run_train),
    "evaluate": Command("measure saved models on test images", add_evaluate_options, run_evaluate),
    "predict": Command("classify image files", add_predict_options, run_predict),
}
