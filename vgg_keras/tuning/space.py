"""What a search chooses from, and what it chose for one trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import keras
import keras_tuner

from vgg_keras.config import SearchConfig

MOST_VALUES = 1000


@dataclass(frozen=True)
class Design:
    """The VGG of one trial.

    Attributes:
        filters: For each block, the filter counts of its convolutions.
        dense: Units of the dense layer.
        learning_rate: Learning rate of Adam.
    """

    filters: tuple[tuple[int, ...], ...]
    dense: int
    learning_rate: float


def choose(hp: keras_tuner.HyperParameters, config: SearchConfig) -> Design:
    """Declares the hyperparameters of the VGG, and reads their values.

    Only what has more than one choice is a hyperparameter.

    Args:
        hp: Gets `filters_1` and so on, one a block, and if they vary `blocks`, `convolutions`,
            `dense`, `learning_rate`.
        config: Gives the choices.

    Returns:
        The values that `hp` holds.
    """
    blocks = _pick(hp, "blocks", config.blocks_choices)
    convolutions = _pick(hp, "convolutions", config.convolutions_choices)
    filters = []
    for block in range(1, max(config.blocks_choices) + 1):
        enough = [count for count in config.blocks_choices if count >= block]
        if len(config.blocks_choices) > 1:
            with hp.conditional_scope("blocks", enough):
                count = _pick(hp, f"filters_{block}", config.filters_choices)
        else:
            count = _pick(hp, f"filters_{block}", config.filters_choices)
        filters.append((count,) * convolutions)
    return Design(
        filters=tuple(filters[:blocks]),
        dense=_pick(hp, "dense", config.dense_choices),
        learning_rate=_pick(hp, "learning_rate", tuple(map(float, config.learning_rate_choices))),
    )


def choose_batch_size(hp: keras_tuner.HyperParameters, config: SearchConfig) -> int:
    """Declares the hyperparameter `batch_size` if it varies, and reads its value."""
    return _pick(hp, "batch_size", config.batch_size_choices or (config.batch_size,))


def _pick(hp: keras_tuner.HyperParameters, name: str, choices: tuple[float, ...]) -> Any:
    if len(choices) == 1:
        return choices[0]
    return hp.Choice(name, list(choices), ordered=True, default=choices[0])


def declare(
    config: SearchConfig, build: Callable[[keras_tuner.HyperParameters], keras.Model] | None = None
) -> keras_tuner.HyperParameters:
    """The space of a search.

    Args:
        config: Gives the choices.
        build: The user's factory, which KerasTuner calls until it knows all conditions.
    """
    hp = keras_tuner.HyperParameters()
    if build is None:
        choose(hp, config)
    else:
        with TemporaryDirectory() as folder:
            explorer = keras_tuner.RandomSearch(build, config.objective_of_tuner, directory=folder)
            hp = explorer.oracle.get_space()
    choose_batch_size(hp, config)
    return hp


def describe(space: keras_tuner.HyperParameters) -> dict[str, dict[str, Any]]:
    """The space as JSON values: for each hyperparameter its kind, values and conditions."""
    return {
        hp.name: {
            "kind": type(hp).__name__,
            "values": values_of(hp),
            "conditions": [
                {"name": condition.name, "values": list(condition.values)}
                for condition in hp.conditions
            ],
        }
        for hp in space.space
    }


def values_of(hp: keras_tuner.engine.hyperparameters.HyperParameter) -> list[Any]:
    """All values of a hyperparameter; of a range without steps, or of many, both ends."""
    config = hp.get_config()
    if "min_value" in config and config.get("step") is None:
        return [config["min_value"], config["max_value"]]
    values = list(hp.values)
    return values if len(values) <= MOST_VALUES else [values[0], values[-1]]
