"""The data of a search: what trials are trained on, and what scores them."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from vgg_keras.config import SearchConfig
from vgg_keras.datasets import Arrays, hold_out, load_dataset


class Data(NamedTuple):
    """The data of a search.

    Attributes:
        whole: training and test images.
        parts: for trials: the training images in two parts; in place of the test images those that
            score a trial.
        facts: what `result.json` says of them.
    """

    whole: Arrays
    parts: Arrays
    facts: dict[str, Any]


def load_data(config: SearchConfig) -> Data:
    """Loads the data of a search; the same on every machine that has the same data set.

    Raises:
        InputError: if the configuration does not fit it.
    """
    whole = load_dataset(config.dataset, config.limit)
    config.check_classes(whole.classes)
    parts, held = hold_out(whole, config.validation_split, config.seed)
    facts = {
        "train": len(parts.x_train),
        "validation": len(held),
        "test": len(whole.x_test),
        "validation_sha256": hashlib.sha256(held.tobytes()).hexdigest(),
    }
    return Data(whole, parts, facts)
