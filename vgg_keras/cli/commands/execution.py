"""What running a command takes: its configuration, TensorFlow, and its result as JSON.

TensorFlow is imported late, and quietly.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import sys
from collections.abc import Iterator
from typing import Any, TypeVar

from jsonargparse import Namespace

from vgg_keras.config import RunConfig
from vgg_keras.runtime.peers import place

Config = TypeVar("Config", bound=RunConfig)


def make_config(kind: type[Config], options: Namespace) -> Config:
    """Makes a configuration of the options that there are for it.

    Raises:
        InputError: If a value cannot be used.
    """
    names = [field.name for field in dataclasses.fields(kind) if field.name in options]
    values = {name: options[name] for name in names}
    if origin := options.get("from"):
        from vgg_keras.training.design import design_of

        defaults = {field.name: field.default for field in dataclasses.fields(kind)}
        design = {k: v for k, v in design_of(origin).items() if values[k] == defaults[k]}
        values |= design
    return kind.from_dict(values)


@contextlib.contextmanager
def tensorflow_for(options: Namespace, config: RunConfig, purpose: str) -> Iterator[int]:
    """Starts TensorFlow with the devices and as much output as was asked for.

    Args:
        options: Options of the command.
        config: Configuration of what will run.
        purpose: What TensorFlow is started for, in words.

    Yields:
        Keras's `verbose`: 0 silent, 1 a progress bar, 2 a line an epoch, for pipes and files.
    """
    from vgg_keras.runtime.startup import (
        check_keras,
        imports_kept,
        own_environment,
        silent_startup,
    )

    if not (options.quiet or options.json):
        print(f"{purpose}.\nStarting TensorFlow ...", flush=True)
    own_environment()
    with contextlib.ExitStack() as outputs:
        if options.json:
            outputs.enter_context(contextlib.redirect_stdout(sys.stderr))
        silent = contextlib.nullcontext() if options.verbose else silent_startup()
        with silent, imports_kept():
            check_keras()
            import tensorflow as tf

            from vgg_keras.runtime import devices

            strategies = config.values_of("strategy")
            if "mirrored" in strategies:
                devices.split_processor()
            if "multiworker" in strategies:
                devices.join_cluster()
            tf.zeros(())  # starts the devices, which have something to say too
            if not options.verbose:
                tf.get_logger().setLevel("ERROR")
        if "bfloat16" in config.values_of("precision"):
            warn_of_bfloat16()
        if place():  # the chief shows what there is to see
            outputs.enter_context(contextlib.redirect_stdout(io.StringIO()))
        yield 0 if options.quiet else 1 if sys.stdout.isatty() else 2


def warn_of_bfloat16() -> None:
    """Says so if bfloat16 will be slow."""
    import tensorflow as tf

    from vgg_keras.runtime.machine import lacks_bfloat16

    if lacks_bfloat16() and not tf.config.list_physical_devices("GPU"):
        print(
            "vgg-keras: this processor has no instructions for bfloat16, which will be slower than "
            "float32",
            file=sys.stderr,
        )


def about(config: Any) -> str:
    """Model and data, in words."""
    return f"model {config.model} on {config.dataset}"


def show_json(value: dict[str, Any]) -> None:
    """Prints a result on standard output."""
    from vgg_keras.runs.files import json_values

    if place() == 0:
        print(json.dumps(json_values(value), allow_nan=False))
