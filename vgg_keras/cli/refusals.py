"""What the parser refuses, in the words of this program."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vgg_keras.cli.commands import COMMANDS
from vgg_keras.cli.commands.base import Option
from vgg_keras.config.base import expected_of, option_of
from vgg_keras.errors import InputError, did_you_mean


def refusal(error: Exception, command: str | None, options: Sequence[Option]) -> InputError:
    """The error of the parser as one of this program.

    Args:
        error: Error of the parser.
        command: Command among the arguments, if there is one.
        options: Options of the command.
    """
    text = " ".join(str(error).split())
    help_of = f"vgg-keras {command or 'COMMAND'} --help"
    expected, received = f"those of {help_of}", text
    kinds = {option.name: option.kind for option in options}
    if found := re.search(r'Parser key "(?:\w+\.)?(\w+)":.* value: ?(.*)', text):
        what = option_of(found[1])
        if what in kinds:
            return InputError(f"{what}: expected {expected_of(kinds[what])}, received {found[2]}")
    elif found := re.match(r"argument (--\S+): expected one argument", text):
        return InputError(f"{found[1]}: expected {expected_of(kinds.get(found[1]))}, received none")
    elif found := re.match(r"argument COMMAND: invalid choice: '(.*)' \(", text):
        names = ", ".join(COMMANDS)
        received = f"{found[1]}{did_you_mean(found[1], COMMANDS)}"
        return InputError(f"command: expected one of {names}, received {received}")
    elif found := re.match(r"unrecognized arguments: ([^\s=]+)", text):
        received = f"{found[1]}{did_you_mean(found[1], kinds)}"
    elif found := re.search(r"does not accept option '(.*)'", text):
        received = f"{found[1]}{did_you_mean(found[1], [name.lstrip('-') for name in kinds])}"
    elif found := re.match(r"the following arguments are required: (.*)", text):
        expected = f"{found[1].replace(f'{command}.', '').upper()}; see {help_of}"
        received = "none"
    elif found := re.match(r"(?:Problems parsing|Unexpected) config: (.*)", text):
        return InputError(f"--config: expected YAML of options, received {found[1]}")
    return InputError(f"options: expected {expected}, received {received}")
