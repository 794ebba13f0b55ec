"""Uses models that were trained and saved."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgg_keras import plugins
from vgg_keras.config import ModelConfig, RunConfig
from vgg_keras.config.base import class_name
from vgg_keras.datasets import Data, as_data, load_data
from vgg_keras.datasets.batches import as_input
from vgg_keras.datasets.images import MODES, has_light_border, read_image
from vgg_keras.errors import InputError, require, warn
from vgg_keras.models.classes import as_classes
from vgg_keras.models.factory import make_users_model
from vgg_keras.models.saved import load_model
from vgg_keras.models.vgg import VGG
from vgg_keras.runs.files import read_json
from vgg_keras.runs.results import Result, Test
from vgg_keras.runtime.settings import standard_settings
from vgg_keras.trainers.prepare import prepare
from vgg_keras.training.design import design_of
from vgg_keras.training.evaluation import evaluate as evaluate_model

OF_A_RUN = (
    "dataset",
    "image_size",
    "limit",
    "data_facts",
    "sources",
    "model",
    "hyperparameters",
    "precision",
)
"""The options of a run that its models are used with."""

SURE = 0.8
"""Lowest probability of a prediction that is not called unsure. Of MNIST's test images, classified
after `--quick`, one in fifteen is below it, and of these three in five are right."""


@standard_settings()
def evaluate(
    path: str | Path,
    *,
    data: Any = None,
    model: str | Callable[..., Any] | None = None,
    dataset: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    batch_size: int = 32,
) -> dict[str, Test]:
    """Evaluates saved models on test data.

    Args:
        path: A `.keras` file, or a run directory.
        data: Data instead of a data set, as in `train`.
        model: Name of the function that makes the model, or the function, if it is not a VGG;
            default that of the run.
        dataset: As in `train`; default that of the run, or mnist.
        limit: As in `train`; default that of the run.
        batch_size: Images a step.

    Returns:
        What each model reaches, by the path of its file.

    Raises:
        InputError: If there is no model, or it is for data of another kind.
    """
    paths, config = find_models(path), run_config(path, dataset=dataset, limit=limit)
    factory = factory_of(config, model)
    found = (
        load_data(config.dataset, config.image_size, config.sources)
        if data is None
        else as_data(data)
    )
    if factory is None:
        found = found.as_images()
    found = found.first(config.limit)
    facts = config.data_facts if data is None and dataset is None and limit is None else None
    if facts and facts.get("sha256") != found.digest():
        warn(f"the data in {config.dataset} are not those that the model was trained on")
    return {str(file): evaluate_file(file, found, factory, batch_size) for file in paths}


@standard_settings()
def predict(
    path: str | Path, images: Sequence[str | Path], *, model: str | Callable[..., Any] | None = None
) -> list[dict[str, Any]]:
    """Classifies image files.

    Images get the size and the channels that the model was trained for. MNIST's digits are white on
    black: for a model that was trained on them an image with a light border is inverted.

    Args:
        path: A `.keras` file, or the directory of one run.
        images: Image files: BMP, GIF, JPEG or PNG.
        model: Function that makes the model, or its name, if it is not a VGG; default that of the
            run.

    Returns:
        For each image `class`, its name or, where classes have none, its number, and
        `probability`, in [0, 1]; `top`, the same of the three most probable classes; `unsure`,
        whether the probability is below `SURE`; `inverted`; and `picture`, what the model sees,
        uint8 of shape `(height, width, channels)`. A name such as `10` is given as a number.

    Raises:
        InputError: If a file is no image, or the model is not a classifier of gray or RGB images.
    """
    files = find_models(path)
    if len(files) > 1:
        raise InputError(
            f"path: expected one model, received {path} with {len(files)}; "
            f"choose one, for example {files[0]}"
        )
    config = run_config(path)
    loaded = load_model(files[0], factory_of(config, model))
    shape = loaded.image_shape if isinstance(loaded, VGG) else loaded.input_shape[1:]
    require(len(shape) == 3, "path", "a model for images", f"one for shape {shape}")
    height, width, channels = shape
    require(channels in MODES, "path", "a model for 1 or 3 channels", channels)
    files = [Path(os.path.expanduser(image)) for image in images]
    pixels = np.stack([read_image(file, (height, width), channels) for file in files])
    inverted = np.zeros(len(pixels), bool)
    if config.dataset == "mnist" and shape == (28, 28, 1):
        inverted = np.array([has_light_border(image) for image in pixels])
        pixels[inverted] = 255 - pixels[inverted]
    outputs = loaded.predict(as_input(pixels), verbose=0)
    _, probabilities = as_classes(np.zeros(len(pixels), int), outputs)
    if probabilities is None:
        raise InputError(f"path: expected a classifier, received {files[0]}, which is none")
    rows = []
    for row, was_inverted, picture in zip(probabilities, inverted, pixels, strict=True):
        top = [
            {"class": named(config.class_names, label), "probability": float(row[label])}
            for label in np.argsort(-row, kind="stable")[:3]
        ]
        unsure = bool(row.max() < SURE)
        rows.append(
            {
                **top[0],
                "top": top,
                "unsure": unsure,
                "inverted": bool(was_inverted),
                "picture": picture,
            }
        )
    return rows


def named(names: Any, label: int) -> int | str:
    """The name of a class; a number if it has none, or one such as `10`."""
    name = class_name(names, int(label))
    return int(name) if name.isdecimal() else name


def find_models(path: str | Path) -> list[Path]:
    """Finds saved models.

    Args:
        path: A `.keras` file, or a directory that holds some at any depth.

    Returns:
        The files, sorted, without those of trainings that were only to check another one.

    Raises:
        InputError: If there is none.
    """
    path = Path(os.path.expanduser(path))
    files = sorted(path.rglob("*.keras")) if path.is_dir() else [path]
    files = [file for file in files if file.parent.name != "self-check"] or files
    if not files or not files[0].is_file():
        raise InputError(f"expected a .keras file or a run directory with one, received {path}")
    return files


def run_config(path: str | Path, **changes: Any) -> ModelConfig:
    """What a saved model was trained with, if it lies in a run's directory; else the defaults.

    Args:
        path: A `.keras` file or a directory.
        **changes: Options that differ from it, or None.

    Raises:
        InputError: If the run's configuration cannot be read.
    """
    path, options = Path(os.path.expanduser(path)), {}
    for directory in (path, *Path(os.path.realpath(path)).parents):
        file = directory / "config.json"
        if file.is_file() and (directory / "result.json").is_file():
            config = read_json(file)
            options = {name: config[name] for name in OF_A_RUN if config.get(name) is not None}
            if config.get("retrain_epochs"):  # a search, whose best model had the whole data set
                options.pop("limit", None)
                options.pop("data_facts", None)
            if "objective" in config and ":" in config["model"]:
                options["hyperparameters"] = design_of(directory)["hyperparameters"]
            break
    given = {name: value for name, value in changes.items() if value is not None}
    return ModelConfig.from_dict({**options, **given})


def factory_of(
    config: ModelConfig, model: str | Callable[..., Any] | None = None
) -> Callable[[], keras.Model] | None:
    """The function that makes a saved model; None if it is a VGG."""
    if model is None and config.is_users_model:
        model = config.model
    if model is None:
        return None
    function = plugins.load(model, "--model", config.sources) if isinstance(model, str) else model
    return lambda: make_users_model(function, config)


def evaluate_file(
    path: Path, data: Data, factory: Callable[[], keras.Model] | None, batch_size: int
) -> Test:
    """Evaluates one saved model.

    Raises:
        InputError: If the model was made for images or classes of another kind.
    """
    model = load_model(path, factory)
    if isinstance(model, VGG):
        expected = (*model.image_shape, model.classes)
        received = (*(data.image_shape or ()), data.classes)
        if expected != received:
            raise InputError(
                f"--dataset: expected height, width, channels and classes {expected}, as the "
                f"model was trained for, received {received}"
            )
    batches = data.batches(batch_size)
    prepare(model, batches, RunConfig())
    return evaluate_model(model, batches).test


@standard_settings()
def load_result_model(result: Result) -> keras.Model:
    """Loads the model that a run left."""
    factory = factory_of(run_config(result.path), result.factory)
    return load_model(result.path / result.model_file, factory)
