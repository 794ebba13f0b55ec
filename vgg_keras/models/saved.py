"""Models from `.keras` files, of which some come from elsewhere."""

from __future__ import annotations

import json
import textwrap
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from vgg_keras.config.base import LARGEST_SIDE
from vgg_keras.errors import InputError
from vgg_keras.models.vgg import VGG, count_parameters
from vgg_keras.runs.archives import UNREADABLE

MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
MOST_LAYERS = 1000
BYTES_OF_A_WEIGHT = 4


def load_model(path: Path, factory: Callable[[], keras.Model] | None = None) -> keras.Model:
    """Loads a saved model, without its optimizer.

    Nothing that the file names is run: the VGG, or what the user's factory makes, gets its weights.

    Args:
        path: A `.keras` file.
        factory: Makes the model if it is not a VGG.

    Raises:
        InputError: If the file is damaged or holds another model.
    """
    try:
        config = _checked(path)
        model = factory() if factory else _vgg(config, path.stat().st_size)
        if not model.built:
            model.build_from_config(config["build_config"])
        with warnings.catch_warnings():  # the optimizer of a compiled model stays as it is
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            model.load_weights(path)
    except UNREADABLE as error:
        reason = textwrap.shorten(str(error), 200) or type(error).__name__
        raise InputError(f"{path}: expected a saved model, received {reason}") from error
    return model


def _checked(path: Path) -> dict[str, Any]:
    """The configuration in a file that is whole: Keras reads damaged weights without a word."""
    if path.exists() and not path.is_file():
        raise ValueError("no regular file")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = sorted(member.filename for member in members)
        if names != sorted(MEMBERS):
            raise ValueError(f"an archive of {', '.join(names)}")
        for member in members:
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > path.stat().st_size:
                raise ValueError(f"a compressed {member.filename}")
        if damaged := archive.testzip():
            raise ValueError(f"a damaged {damaged}")
        return json.loads(archive.read("config.json"))


def _vgg(config: dict[str, Any], size: int) -> VGG:
    """Makes the VGG of a configuration, if its weights can be in a file of some size."""
    if config["registered_name"] != "vgg_keras>VGG":
        raise ValueError(f"a {config['class_name']}; name the function that makes it with --model")
    design, (_, *image_shape) = config["config"], config["build_config"]["input_shape"]
    filters, dense, classes = design["filters"], design["dense"], design["classes"]
    if max(image_shape) > LARGEST_SIDE or min(image_shape) < 1:
        raise ValueError(f"images of shape {image_shape}")
    if len(filters) + len(dense) + sum(map(len, filters)) > MOST_LAYERS:
        raise ValueError(f"more than {MOST_LAYERS} layers")
    parameters = count_parameters(filters, dense, classes, image_shape)
    if not 0 < parameters * BYTES_OF_A_WEIGHT <= size:
        raise ValueError(f"{size} bytes for a model of {parameters} parameters")
    policy = design["dtype"]["config"]["name"]
    if policy not in ("float32", "mixed_bfloat16", "mixed_float16"):
        raise ValueError(f"the precision {policy}")
    model = VGG(filters, dense, classes, dtype=policy)
    model.build((None, *image_shape))
    return model
