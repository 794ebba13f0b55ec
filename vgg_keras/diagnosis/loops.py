"""The user's loop, called with what its parameters ask for."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from vgg_keras.errors import InputError

NAMES = {
    "model": {"model", "net", "network"},
    "train": {
        "dataset",
        "data",
        "ds",
        "train",
        "train_ds",
        "train_data",
        "train_dataset",
        "training_data",
        "train_batches",
        "loader",
        "train_loader",
    },
    "test": {
        "val",
        "test",
        "val_ds",
        "val_data",
        "val_dataset",
        "valid_ds",
        "validation_ds",
        "validation_data",
        "validation_dataset",
        "test_ds",
        "test_data",
        "test_dataset",
        "val_loader",
    },
    "epochs": {"epochs", "num_epochs", "n_epochs", "epoch", "nb_epochs"},
    "batch_size": {"batch_size", "bs", "batch"},
    "x_train": {"x", "x_train", "train_x", "images", "train_images", "inputs", "features"},
    "y_train": {"y", "y_train", "train_y", "labels", "train_labels", "targets"},
    "x_test": {"x_test", "test_x", "x_val", "test_images"},
    "y_test": {"y_test", "test_y", "y_val", "test_labels"},
}
"""What people call the parameters of a loop."""

EXAMPLES = ("model", "dataset", "epochs", "val_ds", "batch_size", "x_train", "y_train", "x_test")

IN_ORDER = ("model", "train", "epochs", "test")
"""What parameters of other names get, one after the other."""


def takes_model(loop: Any) -> bool:
    """Whether a loop asks for a model, or else makes its own.

    Args:
        loop: A function; or a class with a method `fit` or `train`.

    Raises:
        InputError: If a parameter asks for something that is not in `NAMES`.
    """
    functions = [loop]
    if inspect.isclass(loop):
        functions.append(functools.partial(_method_of(loop), None))
    return any(key == "model" for function in functions for _, key in _parameters(function))


def run_loop(loop: Any, values: Mapping[str, Any]) -> Any:
    """Runs a loop.

    Args:
        loop: A function; or a class with a method `fit` or `train`.
        values: What it may ask for, by the keys of `NAMES`.

    Returns:
        What it returns.

    Raises:
        InputError: If a parameter asks for something else.
    """
    if inspect.isclass(loop):
        return _call(functools.partial(_method_of(loop), _call(loop, values)), values)
    return _call(loop, values)


def _method_of(loop: type) -> Callable[..., Any]:
    for name in ("fit", "train"):
        if callable(method := getattr(loop, name, None)):
            return method
    raise InputError(f"--loop: expected a class with a method fit or train, received {loop!r}")


def _call(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    chosen = _parameters(function)
    positional = [values[key] for parameter, key in chosen if _is_positional(parameter)]
    named = {part.name: values[key] for part, key in chosen if not _is_positional(part)}
    return function(*positional, **named)


def _parameters(function: Callable[..., Any]) -> list[tuple[inspect.Parameter, str]]:
    """The parameters that are given something, each with its key in `NAMES`."""
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    keys = {part.name: _key_of(part.name) for part in parameters}
    rest = [key for key in IN_ORDER if key not in keys.values()]
    chosen = []
    for parameter in parameters:
        key, required = keys[parameter.name], parameter.default is parameter.empty
        if key is None and required and rest:
            key = rest.pop(0)
        if key is None and required:
            raise InputError(
                f"--loop: expected parameters such as {', '.join(EXAMPLES)}; received "
                f"{parameter.name}, which has no default"
            )
        if key is not None:
            chosen.append((parameter, key))
    return chosen


def _key_of(name: str) -> str | None:
    return next((key for key, names in NAMES.items() if name.lower() in names), None)


def _is_positional(parameter: inspect.Parameter) -> bool:
    return parameter.kind is parameter.POSITIONAL_ONLY
