"""A `.keras` file from anywhere, looked into before Keras does."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vgg_keras.runs.schema import mismatch

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MEMBERS = [CONFIG, "metadata.json", WEIGHTS]
BYTES_OF_A_WEIGHT = 4


def check_keras_file(path: Path) -> None:
    """Makes sure that a file is whole, and holds a VGG and nothing else.

    Keras reads damaged weights without a word, and makes whatever class of its own a file names,
    of any size.

    Raises:
        ValueError: that tells what is wrong; other errors of `zipfile`, if it is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = sorted(member.filename for member in members)
        if names != MEMBERS:
            raise ValueError(f"an archive of {', '.join(names)}")
        for member in members:
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > path.stat().st_size:
                raise ValueError(f"a compressed {member.filename}")
        if damaged := archive.testzip():
            raise ValueError(f"a damaged {damaged}")
        config = json.loads(archive.read(CONFIG))
        weights = archive.getinfo(WEIGHTS).file_size // BYTES_OF_A_WEIGHT
    if wrong := mismatch(config, "model"):
        raise ValueError(f"{CONFIG} with {wrong}")
    if parameters(config) > weights:
        raise ValueError(f"{weights} weights for a model of {parameters(config)}")


def parameters(config: Mapping[str, Any]) -> int:
    """The number of parameters of the VGG that a file describes."""
    design, (_, height, width, channels) = config["config"], config["build_config"]["input_shape"]
    total = 0
    for block in design["filters"]:
        for count in block:
            total += (9 * channels + 1) * count
            channels = count
        height, width = height // 2, width // 2
    units = height * width * channels
    for outputs in (*design["dense"], design["classes"]):
        total += (units + 1) * outputs
        units = outputs
    return total
