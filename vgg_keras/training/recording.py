"""The callbacks of a run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from vgg_keras.callbacks import Board, Cumulative, Divergence, Summaries, Timing
from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches, Data, StreamBatches
from vgg_keras.training.digests import Digests


class Recording(NamedTuple):
    """The callbacks of a run, in the order in which a trainer takes them."""

    digests: Digests
    cumulative: Cumulative
    timing: Timing
    board: Board
    summaries: Summaries
    divergence: Divergence


def record(
    home: Path, config: RunConfig, data: Data, batches: Batches | StreamBatches, calls: int
) -> Recording:
    """Makes the callbacks of a run.

    Args:
        home: Folder that gets the event files.
        config: Configuration of the run.
        data: Data of the run.
        batches: Its batches.
        calls: Steps that one call of the training function makes.
    """
    timing = Timing(batches.batch_size * calls)
    return Recording(
        Digests(),
        Cumulative(batches.train_count, batches.test_count, batches.batch_size),
        timing,
        Board(home, config, timing, batches.batch_size),
        Summaries(home, config, data),
        Divergence(data),
    )
