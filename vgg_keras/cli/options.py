"""The parser of the command line, made of the commands and the fields of their configurations."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from docstring_parser import parse as parse_docstring
from jsonargparse import ActionConfigFile, ArgumentParser, Namespace, set_parsing_settings

from vgg_keras import __version__
from vgg_keras.cli.commands import COMMANDS
from vgg_keras.cli.commands.base import Command, Option
from vgg_keras.cli.plain_yaml import PLAIN_YAML
from vgg_keras.cli.refusals import refusal
from vgg_keras.config import RunConfig
from vgg_keras.config.base import FILLED_IN, QUICK, option_of
from vgg_keras.config.lists import list_type
from vgg_keras.errors import InputError, require

try:
    from shtab import FILE
except ImportError:
    FILE = None

GROUPS = {
    "data and model": """path images model dataset limit image-size filters convolutions dense
        hyperparameters from loop reference""",
    "how to compare": """variants against seeds self-check margin require-identical
        peers recording rounds steps""",
    "how to search": """algorithm trials workers objective validation-split executions
        filters-choices blocks-choices convolutions-choices dense-choices learning-rate-choices
        batch-size-choices retrain-epochs chief join""",
    "how to train": """quick trainer epochs batch-size learning-rate seed precision class-weight
        strategy local-workers steps-per-execution jit-compile""",
    "what to record": "update-freq histograms profile save-every",
    "where to keep it": "logdir name resume",
    "what to print": "notebook quiet json verbose",
}
"""Titles of groups of options, and the options of each in the order in which help shows them."""

METAVARS: dict[Any, str] = {int: "N", int | None: "N", float: "X", float | None: "X"}

OUTPUT_OPTIONS = (
    Option("--json", "Print the result, and nothing else, on standard output as JSON.", bool),
    Option("--quiet", "Show no progress and no table of epochs or trials.", bool),
    Option("--verbose", "Show TensorFlow's own messages, and the traceback of an error.", bool),
)


class ConfigFile(ActionConfigFile):
    """The option of a configuration file; a pipe, which may have no end, is none."""

    def __call__(self, parser: Any, cfg: Any, values: Any, option_string: Any = None) -> None:
        """Reads the file."""
        regular = os.path.isfile(os.path.expanduser(values))
        require(regular, "--config", "a YAML file", f"{values}, which is no regular file")
        super().__call__(parser, cfg, values, option_string)


def parse(arguments: list[str]) -> Namespace:
    """Parses the arguments, and the configuration file that they may name; none ask for help.

    Raises:
        InputError: If they cannot be used.
    """
    quick = "--quick" in arguments
    try:
        options = make_parser(quick).parse_args(arguments or ["--help"])
    except InputError:
        raise
    except (argparse.ArgumentError, TypeError, ValueError, OSError, RecursionError) as error:
        command = next((argument for argument in arguments if argument in COMMANDS), None)
        known = list(options_of(COMMANDS[command])) if command else []
        raise refusal(error, command, known) from error
    chosen = options[options.subcommand]
    if chosen.get("quick") and not quick:
        for field, value in QUICK.items():
            require(chosen[field] == value, "quick in --config", f"{field}: {value}", chosen[field])
    return options


def make_parser(quick: bool = False) -> ArgumentParser:
    """Makes the parser of all commands.

    Args:
        quick: Whether `--quick` is among the arguments: it changes defaults, so that options
            given beside it still count.
    """
    set_parsing_settings(add_print_completion_argument=FILE is not None)
    parser = ArgumentParser(
        prog="vgg-keras",
        usage="vgg-keras COMMAND [options]",
        description="One subclassed Keras model, trained in several ways and compared to the bit.",
        epilog="`vgg-keras COMMAND --help` shows the options of a command and examples.",
        version=__version__,
        exit_on_error=False,
        allow_abbrev=False,
        parser_mode=PLAIN_YAML,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subcommands(title="commands", description=None, metavar="COMMAND")
    for name, command in COMMANDS.items():
        options = make_command_parser(name, command)
        if quick and any(option.name == "--quick" for option in command.options):
            options.set_defaults(QUICK)
        commands.add_subcommand(name, options, help=command.summary)
    return parser


def make_command_parser(name: str, command: Command) -> ArgumentParser:
    """Makes the parser of the options of a command, in groups."""
    positional = [option.name.upper() for option in command.options if option.name[0] != "-"]
    parser = ArgumentParser(
        usage=" ".join(["vgg-keras", name, *positional, "[options]"]),
        description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        epilog="\n  ".join(["examples:", *command.examples]),
        exit_on_error=False,
        allow_abbrev=False,
        parser_mode=PLAIN_YAML,
    )
    parser.add_argument("--config", action=ConfigFile, help="YAML file of these options.")
    options = {option.name.removeprefix("--"): option for option in options_of(command)}
    for title, names in GROUPS.items():
        group = parser.add_argument_group(title)
        for option in (options.pop(name) for name in names.split() if name in options):
            add_option(group, option)
    for hidden in options.values():
        add_option(parser, hidden)
    return parser


def add_option(group: Any, option: Option) -> None:
    """Adds an option to a parser or a group of it."""
    text, kind = option.help, option.kind
    if text is None:
        text = argparse.SUPPRESS
    elif option.default not in (None, False, ""):
        text = f"{text.removesuffix('.')}; default {option.default}."
    if kind is bool:
        group.add_argument(option.name, action="store_true", help=text)
        return
    arguments: dict[str, Any] = {"metavar": METAVARS[kind]} if kind in METAVARS else {}
    if option.name.startswith("--"):
        arguments["default"] = option.default
    if option.nargs:
        arguments["nargs"] = option.nargs
    if list_type(kind):
        kind = str | list | None  # not a number: YAML reads 2:6:2 as one, in base 60
    action = group.add_argument(option.name, type=kind, help=text, **arguments)
    if FILE and str in (kind, *get_args(kind)):
        action.complete = FILE


def options_of(command: Command) -> Iterator[Option]:
    """All options of a command."""
    if command.config:
        yield from fields_of(command.config)
    yield from command.options
    yield from OUTPUT_OPTIONS


def fields_of(config: type[RunConfig]) -> Iterator[Option]:
    """An option for each field of a configuration, with the help of its docstring."""
    helps = {
        parameter.arg_name: parameter.description
        for base in reversed(config.__mro__[:-1])
        for parameter in parse_docstring(base.__doc__ or "").params
    }
    types = get_type_hints(config)
    for field in dataclasses.fields(config):
        hidden = field.name in (*FILLED_IN, *config.UNUSED)
        text = None if hidden else helps.get(field.name, "")
        kind, default = types[field.name], field.default
        if list_type(kind):
            default = default and str(default)
        yield Option(option_of(field.name), text, kind, default)
