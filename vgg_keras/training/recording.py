"""The callbacks of a run."""

from pathlib import Path
from typing import NamedTuple

from vgg_keras.callbacks.board import Board
from vgg_keras.callbacks.cumulative import Cumulative
from vgg_keras.callbacks.divergence import Divergence
from vgg_keras.callbacks.summaries import Summaries
from vgg_keras.callbacks.timing import Timing
from vgg_keras.config import ModelConfig
from vgg_keras.datasets import Arrays
from vgg_keras.training.digests import Digests


class Recording(NamedTuple):
    """The callbacks of a run, in the order in which a trainer takes them."""

    digests: Digests
    cumulative: Cumulative
    timing: Timing
    board: Board
    summaries: Summaries
    divergence: Divergence


def record(home: Path, config: ModelConfig, arrays: Arrays) -> Recording:
    """Makes the callbacks of a run.

    Args:
        home: gets the event files.
        config: of the run.
        arrays: of the run.
    """
    timing = Timing(config.batch_size * config.steps_per_execution)
    return Recording(
        Digests(),
        Cumulative(len(arrays.x_train), len(arrays.x_test), config.batch_size),
        timing,
        Board(home, config, timing),
        Summaries(home, config, arrays),
        Divergence(arrays),
    )
