"""What a search chooses from, and what it chose for one trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras_tuner

from vgg_keras.config import SearchConfig


@dataclass(frozen=True)
class Design:
    """The values of one trial.

    Attributes:
        filters: for each block, the filter counts of its convolutions.
        dense: units of the dense layer.
        learning_rate: of Adam.
        batch_size: images a step.
    """

    filters: tuple[tuple[int, ...], ...]
    dense: int
    learning_rate: float
    batch_size: int


def choose(hp: keras_tuner.HyperParameters, config: SearchConfig) -> Design:
    """Declares the hyperparameters, and reads their values.

    Only what has more than one choice is a hyperparameter.

    Args:
        hp: gets `filters_1` and so on, one a block, and if they vary `blocks`, `convolutions`,
            `dense`, `learning_rate`, `batch_size`.
        config: gives the choices.

    Returns:
        The values that `hp` holds.
    """

    def pick(name: str, choices: tuple[float, ...]) -> Any:
        if len(choices) == 1:
            return choices[0]
        return hp.Choice(name, list(choices), ordered=True, default=choices[0])

    blocks = pick("blocks", config.blocks_choices)
    convolutions = pick("convolutions", config.convolutions_choices)
    filters = []
    for block in range(1, max(config.blocks_choices) + 1):
        enough = [count for count in config.blocks_choices if count >= block]
        if len(config.blocks_choices) > 1:
            with hp.conditional_scope("blocks", enough):
                count = pick(f"filters_{block}", config.filters_choices)
        else:
            count = pick(f"filters_{block}", config.filters_choices)
        filters.append((count,) * convolutions)
    return Design(
        filters=tuple(filters[:blocks]),
        dense=pick("dense", config.dense_choices),
        learning_rate=pick("learning_rate", tuple(map(float, config.learning_rate_choices))),
        batch_size=pick("batch_size", config.batch_size_choices or (config.batch_size,)),
    )


def declare(config: SearchConfig) -> keras_tuner.HyperParameters:
    """The space of a search."""
    hp = keras_tuner.HyperParameters()
    choose(hp, config)
    return hp


def describe(space: keras_tuner.HyperParameters) -> dict[str, dict[str, Any]]:
    """The space as JSON values: for each hyperparameter its choices and its conditions."""
    return {
        hp.name: {
            "values": list(hp.values),
            "conditions": [
                {"name": condition.name, "values": list(condition.values)}
                for condition in hp.conditions
            ],
        }
        for hp in space.space
    }
