"""What the trainings of a run are made of: data, model and trainers, the user's own among them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import keras

from vgg_keras import plugins
from vgg_keras.config import DiagnoseConfig, ModelConfig, SearchConfig, TrainConfig
from vgg_keras.config.base import option_of
from vgg_keras.datasets import Arrays, Data, as_data, load_data
from vgg_keras.datasets.load import IN_MEMORY, NAMES
from vgg_keras.errors import require
from vgg_keras.models.factory import make_users_model, make_vgg
from vgg_keras.runs.directory import scratch_folder
from vgg_keras.runs.files import json_values
from vgg_keras.runtime.devices import make_strategy
from vgg_keras.runtime.peers import exchange, peer_name, place
from vgg_keras.trainers import TRAINERS, Trainer, as_trainer, loop
from vgg_keras.training.training import Training

Config = TypeVar("Config", bound=ModelConfig | SearchConfig | DiagnoseConfig)
Factory = Callable[..., Any]


@dataclass(frozen=True)
class Parts:
    """What the trainings of a run are made of.

    Attributes:
        data: Data to train on.
        factory: Function of the user's that makes the model; None for the VGG.
        trainers: Trainers by name or reference, as configurations name them.
        whole: The data without `limit`.
    """

    data: Data
    factory: Factory | None
    trainers: Mapping[str, Trainer]
    whole: Data

    def training(self, config: TrainConfig, name: str | None = None) -> Training:
        """Makes the training of a configuration.

        Args:
            config: Configuration of one training.
            name: Name of its variant; default that of the trainer.
        """
        trainer = self.trainers[config.trainer]
        return Training(
            config, self.data, lambda: self.make_model(config), trainer, name or config.trainer
        )

    def make_model(self, config: ModelConfig) -> keras.Model:
        """Makes the model of a configuration."""
        if self.factory:
            return make_users_model(self.factory, config)
        vgg = make_vgg(config, self.data.classes or 0)
        vgg.build((None, *(self.data.image_shape or ())))
        return vgg


def gather(
    config: Config,
    names: Iterable[str],
    *,
    model: Factory | None = None,
    trainers: Mapping[str, Any] | None = None,
    data: Any = None,
) -> tuple[Config, Parts]:
    """Finds or takes what the trainings of a run are made of, and checks that it fits together.

    Args:
        config: Configuration of the run.
        names: Names of trainers, and references to them, that it needs.
        model: Factory that was handed in from Python.
        trainers: Trainers that were handed in, by name.
        data: Data that were handed in.

    Returns:
        The configuration with the names of what was handed in and the sha256 of the user's files,
        and the parts.

    Raises:
        InputError: If something is missing or does not fit.
    """
    changes: dict[str, Any] = {}
    sources: dict[str, str] = {}
    if model is not None:
        require(callable(model), "--model", "a function that returns a keras.Model", repr(model))
        changes["model"] = plugins.reference_to(model)
        sources |= plugins.sha256_of(model)
    elif config.is_users_model:
        model = plugins.load(config.model, "--model", config.sources)
        sources |= plugins.sha256_of(config.model)
    option = "--trainer" if hasattr(config, "trainer") else "--variants"
    found = {name: find_trainer(name, trainers or {}, option, config.sources) for name in names}
    for name in found:
        sources |= plugins.sha256_of((trainers or {}).get(name, name))
    if data is None:
        data = load_data(config.dataset, config.image_size, config.sources)
        sources |= plugins.sha256_of(config.dataset)
        path = os.path.expanduser(config.dataset)
        if config.dataset not in NAMES and os.path.exists(path):
            changes["dataset"] = os.path.abspath(path)
    else:
        data = as_data(data)
        changes["dataset"] = IN_MEMORY
    if model is None:
        data = data.as_images()
    elif isinstance(data, Arrays):
        data.check_shapes()
    whole, data = data, data.first(config.limit)
    config.check_classes(data.classes)
    facts = {"sha256": data.digest(), "class_names": data.class_names}
    config = replace(config, **changes, sources=sources, data_facts=facts)
    parts = Parts(data, model, found, whole)
    if isinstance(config, ModelConfig):
        config = replace(config, devices=_check_strategies(config, parts))
        if model is None:
            make_vgg(config, data.classes or 0).check_images(data.image_shape or ())
    _check_alike(config)
    if place():
        config = replace(config, logdir=scratch_folder())
    return config, parts


def find_trainer(
    name: str, given: Mapping[str, Any], option: str, sources: Mapping[str, Any] | None = None
) -> Trainer:
    """Finds a trainer by its name, among those that were handed in, or by its reference.

    Args:
        name: Name or reference.
        given: Trainers that were handed in, by name.
        option: Option that names it.
        sources: As in `plugins.load`.

    Raises:
        InputError: If there is none.
    """
    trainer = given.get(name, name)
    if isinstance(trainer, str):
        if trainer in TRAINERS:
            return TRAINERS[trainer]
        known = ", ".join(dict.fromkeys((*TRAINERS, *given)))
        reference = plugins.is_reference(trainer)
        require(reference, option, f"{known} or FILE.py:name", trainer)
        trainer = plugins.load(trainer, option, sources)
    return as_trainer(trainer, name, loop.train)


def _check_alike(config: Config) -> None:
    """Checks that all processes of a cluster run the same."""
    own = {name: value for name, value in config.to_dict().items() if name != "logdir"}
    configs = [json.loads(part) for part in exchange(json.dumps(json_values(own)).encode())]
    for index, other in enumerate(configs):
        for name, value in configs[0].items():
            expected, received = f"{value} in all processes", f"{other[name]} of {peer_name(index)}"
            require(other[name] == value, option_of(name), expected, received)


def _check_strategies(config: ModelConfig, parts: Parts) -> int:
    """Checks that every device gets images of every batch; gives their number."""
    most = 1
    for strategy in config.values_of("strategy") - {"none"}:
        devices = make_strategy(strategy).num_replicas_in_sync
        batches = parts.data.batches(config.batch_size)
        size = batches.batch_size
        for images in (size, batches.train_count % size, batches.test_count % size):
            each = -(-images // devices)  # the last device gets the rest
            expected = f"batches that leave none of {devices} devices without images"
            received = f"one of {images} images; choose another --batch-size or --limit"
            shared = images == 0 or each * (devices - 1) < images
            require(shared, "--strategy", expected, received)
        most = max(most, devices)
    return most
