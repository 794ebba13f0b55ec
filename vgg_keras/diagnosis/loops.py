"""The user's loop, called with what its parameters ask for."""

from __future__ import annotations

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

IN_ORDER = ("model", "train", "epochs", "test")
"""What parameters of other names get, one after the other."""


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
    if not inspect.isclass(loop):
        return _call(loop, values)
    made = _call(loop, values)
    for name in ("fit", "train"):
        if callable(method := getattr(made, name, None)):
            return _call(method, values)
    raise InputError(f"--loop: expected a class with a method fit or train, received {loop!r}")


def _call(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    parameters = inspect.signature(function).parameters.values()
    given, rest = {}, list(IN_ORDER)
    for parameter in parameters:
        known = next((key for key, names in NAMES.items() if parameter.name.lower() in names), None)
        given[parameter.name] = known
        if known in rest:
            rest.remove(known)
    arguments: list[Any] = []
    keywords = {}
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        key = given[parameter.name]
        if key is None and parameter.default is parameter.empty:
            key = rest.pop(0) if rest else None
        if key is None and parameter.default is not parameter.empty:
            continue
        if key is None or key not in values:
            names = ", ".join(sorted(name for several in NAMES.values() for name in several))
            raise InputError(f"--loop: expected parameters of {names}, received {parameter.name}")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            arguments.append(values[key])
        else:
            keywords[parameter.name] = values[key]
    return function(*arguments, **keywords)
