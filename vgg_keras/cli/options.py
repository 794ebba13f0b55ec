"""The parser of the command line, made of the commands and the fields of their configurations."""

from __future__ import annotations

import argparse
import dataclasses
import os
from typing import Any, get_type_hints

from docstring_parser import parse as parse_docstring
from jsonargparse import ActionConfigFile, ArgumentParser, Namespace

from vgg_keras import __version__
from vgg_keras.cli.commands import COMMANDS
from vgg_keras.cli.plain_yaml import PLAIN_YAML
from vgg_keras.config import RunConfig
from vgg_keras.config.base import FILLED_IN, QUICK, option_of
from vgg_keras.config.lists import list_type
from vgg_keras.errors import InputError, require

OUTPUT_FLAGS = {
    "--json": "print the result, and nothing else, on standard output as JSON",
    "--quiet": "show no progress and no table of epochs or trials",
    "--verbose": "show TensorFlow's own messages, and the traceback of an error",
}


class ConfigFile(ActionConfigFile):
    """The option of a configuration file; a pipe, which may have no end, is none."""

    def __call__(self, parser: Any, cfg: Any, values: Any, option_string: Any = None) -> None:
        """Reads the file."""
        if os.path.exists(values) and not os.path.isfile(values):
            raise TypeError(f"--config {values}, which is no regular file")
        super().__call__(parser, cfg, values, option_string)


def parse(arguments: list[str]) -> Namespace:
    """Parses the arguments, and the configuration file that they may name.

    Raises:
        InputError: If they cannot be used.
    """
    quick = "--quick" in arguments
    try:
        options = make_parser(quick).parse_args(arguments)
    except InputError:
        raise
    except (argparse.ArgumentError, TypeError, ValueError, OSError, RecursionError) as error:
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
        quick: Whether `--quick` is among the arguments: it changes defaults, so that options
            given beside it still count.
    """
    parser = ArgumentParser(
        prog="vgg-keras",
        description="One subclassed Keras model, trained in several ways and compared to the bit.",
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
        options.add_argument("--config", action=ConfigFile, help="YAML file of these options")
        if command.config:
            add_fields(options, command.config)
        for option in command.options:
            if option.kind is bool:
                options.add_argument(option.name, action="store_true", help=option.help)
            elif option.name.startswith("--"):
                default, kind = option.default, option.kind
                options.add_argument(option.name, type=kind, default=default, help=option.help)
            else:
                extra: dict[str, Any] = {"nargs": option.nargs} if option.nargs else {}
                options.add_argument(option.name, type=option.kind, help=option.help, **extra)
        for flag, text in OUTPUT_FLAGS.items():
            options.add_argument(flag, action="store_true", help=text)
        if quick and any(option.name == "--quick" for option in command.options):
            options.set_defaults(QUICK)
        commands.add_subcommand(name, options, help=command.summary)
    return parser


def add_fields(parser: ArgumentParser, config: type[RunConfig]) -> None:
    """Adds an option for each field of a configuration, with the help of its docstring."""
    helps = {
        parameter.arg_name: parameter.description
        for base in reversed(config.__mro__[:-1])
        for parameter in parse_docstring(base.__doc__ or "").params
    }
    types = get_type_hints(config)
    for field in dataclasses.fields(config):
        option, text = option_of(field.name), helps.get(field.name)
        kind, default = types[field.name], field.default
        if field.name in (*FILLED_IN, *config.UNUSED):
            text = argparse.SUPPRESS
        if kind is bool:
            parser.add_argument(option, action="store_true", help=text)
        elif list_type(kind):
            default = default and str(default)
            # not a number: YAML reads 2:6:2 as one, in base 60
            parser.add_argument(option, type=str | list | None, default=default, help=text)
        else:
            parser.add_argument(option, type=kind, default=default, help=text)
