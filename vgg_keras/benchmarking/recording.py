"""What recording costs a training outside of its steps."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras

from vgg_keras.benchmarking.variants import training_config
from vgg_keras.config import BenchmarkConfig
from vgg_keras.config.variants import parse_variant
from vgg_keras.runs.results import RecordingCost
from vgg_keras.runtime.compat import release_graphs
from vgg_keras.training.mistakes import worst_mistakes
from vgg_keras.training.parts import Parts
from vgg_keras.training.recording import record

STEPS = 10


@release_graphs()
def recording_cost(variant: str, config: BenchmarkConfig, parts: Parts) -> RecordingCost:
    """Records a training whose epochs have ten steps, and times everything but these.

    Args:
        variant: Variant to train.
        config: Gives the number of epochs.
        parts: What the training is made of.
    """
    few = replace(parts, data=parts.data.first(STEPS * config.batch_size))
    with TemporaryDirectory() as folder:
        home = Path(folder, "run")
        training_of = training_config(config, variant, logdir=folder)
        training = few.training(training_of, parse_variant(variant).name)
        steps = training.model.steps_per_execution
        recording = record(home, training_of, parts.data, training.batches, steps)
        stopwatch = Stopwatch(recording)
        training.run([stopwatch])
        evaluation = training.evaluate()
        began = time.perf_counter()
        mistakes = worst_mistakes(evaluation, few.data)
        confusion = (evaluation.labels, evaluation.probabilities)
        pictures = [(image, str(mistake.label)) for mistake, image in mistakes]
        values = {"trainer": variant}
        recording.summaries.finish(values, evaluation.test, confusion, pictures, 0.0)
        seconds = stopwatch.seconds + time.perf_counter() - began
        size = sum(path.stat().st_size for path in home.rglob("events*"))
    return RecordingCost(config.epochs, seconds, size)


class Stopwatch(keras.callbacks.CallbackList):
    """Callbacks, and the seconds that their hooks outside of steps take.

    Args:
        callbacks: The callbacks.
    """

    def __init__(self, callbacks: Sequence[keras.callbacks.Callback]):
        super().__init__(list(callbacks))
        self.seconds = 0.0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Times the hook of all callbacks, like the others below."""
        self._time(super().on_train_begin, logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: D102
        self._time(super().on_train_end, logs)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: D102
        self._time(super().on_epoch_begin, epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: D102
        self._time(super().on_epoch_end, epoch, logs)

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: D102
        self._time(super().on_test_begin, logs)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: D102
        self._time(super().on_test_end, logs)

    def _time(self, hook: Any, *arguments: Any) -> None:
        began = time.perf_counter()
        hook(*arguments)
        self.seconds += time.perf_counter() - began
