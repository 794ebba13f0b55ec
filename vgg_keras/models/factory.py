"""The model of a run: the VGG that is configured, or what the user's factory makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras

from vgg_keras.config import ModelConfig
from vgg_keras.errors import InputError, require
from vgg_keras.models.vgg import VGG


def make_vgg(config: ModelConfig, classes: int) -> VGG:
    """Makes the configured VGG, not yet built."""
    changes: dict[str, Any] = {"classes": classes, "dtype": config.dtype_policy}
    if config.model == "mnist":
        filters = config.filters or (32, 64)
        changes["filters"] = [(count,) * config.convolutions for count in filters]
        changes["dense"] = config.dense or 128
    return VGG.from_name(config.model, **changes)


def make_users_model(factory: Callable[..., Any], config: ModelConfig) -> keras.Model:
    """Calls the user's factory, with KerasTuner's hyperparameters if it takes any.

    Raises:
        InputError: If it returns something else than a model.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.dtype_policy)
    try:
        if takes_hyperparameters(factory):
            import keras_tuner  # not needed by a training of the VGG, whose start it would delay

            hp = keras_tuner.HyperParameters()
            hp.values = dict(config.hyperparameters or {})
            model = factory(hp)
        else:
            model = factory()
    finally:
        keras.config.set_dtype_policy(before)
    return checked(model, config.model)


def checked(model: Any, name: str) -> keras.Model:
    """Checks what a factory has returned.

    Raises:
        InputError: If it is no model.
    """
    received = type(model).__name__
    require(isinstance(model, keras.Model), f"--model {name}", "a keras.Model", received)
    return model


def takes_hyperparameters(factory: Callable[..., Any]) -> bool:
    """Whether a factory has an argument without a default, which then is `hp`.

    Raises:
        InputError: If it has several.
    """
    try:
        needed = [
            parameter
            for parameter in inspect.signature(factory).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError) as error:
        raise InputError(f"--model: expected a function, received {factory!r}") from error
    expected = "a function of nothing, or of KerasTuner's hp"
    received = f"one of {', '.join(parameter.name for parameter in needed)}"
    require(len(needed) < 2, "--model", expected, received)
    return bool(needed)
