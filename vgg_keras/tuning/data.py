"""The data of a search: what trials are trained on, and what scores them."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from vgg_keras.config import SearchConfig
from vgg_keras.datasets import Data, hold_out


class SearchData(NamedTuple):
    """The data of a search.

    Attributes:
        whole: Training and test data.
        trials: Data for trials: the training data in two parts; in place of the test data those
            that score a trial.
        facts: What the result says of them.
    """

    whole: Data
    trials: Data
    facts: dict[str, Any]


def split_data(config: SearchConfig, whole: Data) -> SearchData:
    """Splits the data of a search; alike on every machine that has the same data.

    Raises:
        InputError: If the configuration does not fit them.
    """
    trials, held = hold_out(whole, config.validation_split, config.seed)
    facts = {
        "train": trials.train_count,
        "validation": trials.test_count,
        "test": whole.test_count,
        "validation_sha256": hashlib.sha256(held.tobytes()).hexdigest(),
    }
    return SearchData(whole, trials, facts)
