"""The program: runs a command, and turns what comes of it into an exit status."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence

from vgg_keras import plugins
from vgg_keras.cli.commands import COMMANDS
from vgg_keras.cli.commands.execution import make_config
from vgg_keras.cli.local_workers import is_local_worker, run_local_workers
from vgg_keras.cli.options import parse
from vgg_keras.errors import InconclusiveError, InputError, held_warnings
from vgg_keras.runtime.output import watch_output
from vgg_keras.runtime.signals import sigterm_interrupts


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        argv: Arguments; None for those of the process, whose output is then watched too.

    Returns:
        The exit status: 0 done, 1 the check asked for did not hold, 2 bad usage or bad input,
        3 inconclusive or failed, 130, 141 or 143 interrupted: by ^C, by the end of whoever read the
        output, or by SIGTERM.
    """
    if argv is None:
        watch_output()
    try:
        return run(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt as error:
        number = (error.args or (signal.SIGINT,))[0]
        if argv is None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own end must not be interrupted
        if number != signal.SIGPIPE:
            print("vgg-keras: interrupted", file=sys.stderr)
        return 128 + number


def run(arguments: list[str]) -> int:
    """Runs a command, and says what was wrong if something was.

    Args:
        arguments: Arguments of the program.

    Returns:
        The exit status.
    """
    try:
        try:
            options = parse(arguments)
            command, chosen = COMMANDS[options.subcommand], options[options.subcommand]
            count = chosen.get("local_workers")
            if count is not None and not is_local_worker():
                assert command.config
                config = make_config(command.config, chosen)
                return run_local_workers(count, config, arguments)
            with sigterm_interrupts(), held_warnings():
                return command.run(chosen)
        finally:
            sys.stdout.flush()
    except (InputError, InconclusiveError) as error:
        if "--verbose" in arguments:
            traceback.print_exc()
        text = error.for_command_line if isinstance(error, InputError) else str(error)
        print(f"vgg-keras: {' '.join(text.split())}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 3
    except Exception as error:  # so that the status is not that of a difference found
        if frames := plugins.user_traceback(error):
            print(f"{frames}vgg-keras: the code in your file failed, see above", file=sys.stderr)
            return 2
        traceback.print_exc()
        return 3
