"""The user's loop, called with what its parameters ask for."""

from __future__ import annotations

import functools
import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from vgg_keras import plugins
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

OF_KERAS_2 = {
    "reset_states": "reset_state()",
    "get_scaled_loss": "optimizer.scale_loss(loss)",
    "get_unscaled_gradients": "optimizer.apply(), which unscales them itself",
    "_decayed_lr": "optimizer.learning_rate",
    "experimental_aggregate_gradients": "no such argument",
    "skip_gradients_aggregation": "no such argument",
    "predict_classes": "predict().argmax(axis=-1)",
    "fit_generator": "fit()",
}
"""What code for Keras 2 calls that Keras 3 does not have, and what to write instead."""


def fit(model: keras.Model, dataset: tf.data.Dataset, epochs: int, val_ds: Any) -> Any:
    """The loop of a model that is compared with another one: its own `fit`."""
    return model.fit(dataset, epochs=epochs, validation_data=val_ds, verbose=0)


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
        InputError: If a parameter asks for something else, or the loop is written for Keras 2.
    """
    try:
        if inspect.isclass(loop):
            return _call(functools.partial(_method_of(loop), _call(loop, values)), values)
        return _call(loop, values)
    except (AttributeError, TypeError) as error:
        for name, instead in OF_KERAS_2.items():
            if re.search(rf"\b{name}\b", str(error)):
                frames = traceback.extract_tb(error.__traceback__)
                users = [frame for frame in frames if frame.filename in files_of(loop)]
                line = f" in line {users[-1].lineno}" if users else ""
                raise InputError(
                    f"--loop: expected code for Keras 3, received {name}{line}, which is of "
                    f"Keras 2; use {instead}"
                ) from error
        raise


def files_of(loop: Any) -> set[str]:
    """The files whose lines are named: those of the loop, and of the user that were run."""
    target = inspect.unwrap(loop) if callable(loop) else loop
    code = getattr(target, "__code__", None)
    if code is None:
        methods = [getattr(target, name, None) for name in ("fit", "train", "__init__")]
        code = next((getattr(m, "__code__", None) for m in methods if inspect.isroutine(m)), None)
    files = {str(path) for path in plugins.files_run()}
    if code is None or loop in (fit, keras.Model.train_step):
        return files
    return {*files, code.co_filename}


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
