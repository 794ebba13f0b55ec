"""What recording costs a run outside of its steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np

from vgg_keras.config import BenchmarkConfig
from vgg_keras.config.variants import parse_variant
from vgg_keras.datasets import Arrays
from vgg_keras.runtime.compat import release_graphs
from vgg_keras.trainers import TRAINERS
from vgg_keras.training.evaluation import evaluate
from vgg_keras.training.mistakes import worst_mistakes
from vgg_keras.training.recording import record
from vgg_keras.training.run import build_vgg, make_batches

STEPS = 10


@release_graphs()
def recording_cost(variant: str, config: BenchmarkConfig, arrays: Arrays) -> dict[str, Any]:
    """Records a run whose epochs have ten steps, and times everything but these.

    Args:
        variant: to train.
        config: gives the number of epochs.
        arrays: of the run.

    Returns:
        `epochs`, `seconds` that recording took outside of steps, and `event_bytes`, the size of the
        event files.
    """
    trainer, changes = parse_variant(variant)
    config = replace(config, **changes)
    few = arrays.first(STEPS * config.batch_size)
    with TemporaryDirectory() as folder:
        config = replace(config, logdir=folder)
        home = Path(folder, "run")
        model = build_vgg(config, arrays)
        recording = record(home, config, arrays)
        stopwatch = _Stopwatch(list(recording))
        TRAINERS[trainer](model, make_batches(config, few), config, [stopwatch], 0)
        evaluation = evaluate(model, make_batches(config, arrays))
        began = time.perf_counter()
        mistakes = [(np.asarray(m.image), m.caption) for m in worst_mistakes(evaluation, arrays)]
        recording.summaries.finish(
            trainer, evaluation.labels, evaluation.probabilities, evaluation.accuracy, mistakes, 0.0
        )
        seconds = stopwatch.seconds + time.perf_counter() - began
        size = sum(path.stat().st_size for path in home.rglob("events*"))
    return {"epochs": config.epochs, "seconds": seconds, "event_bytes": size}


class _Stopwatch(keras.callbacks.CallbackList):
    """Callbacks, and the seconds that their hooks outside of steps take."""

    seconds = 0.0


def _timed(hook: str) -> Callable:
    def call(self: _Stopwatch, *args: Any, **kwargs: Any) -> None:
        began = time.perf_counter()
        getattr(keras.callbacks.CallbackList, hook)(self, *args, **kwargs)
        self.seconds += time.perf_counter() - began

    return call


for _when in ("train", "epoch", "test"):
    for _hook in (f"on_{_when}_begin", f"on_{_when}_end"):
        setattr(_Stopwatch, _hook, _timed(_hook))
