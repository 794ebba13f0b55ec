"""The loop that runs steps: epochs of training and of testing, with the hooks that `fit` calls."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.errors import require
from vgg_keras.runtime import compat
from vgg_keras.runtime.devices import mean
from vgg_keras.trainers.contract import make_steps
from vgg_keras.trainers.prepare import prepare

Logs = dict[str, Any]


def train(
    steps_of: Callable[[keras.Model], Any],
    model: keras.Model,
    data: Batches | StreamBatches,
    config: RunConfig,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> keras.callbacks.History:
    """Trains a model with steps.

    Args:
        steps_of: Makes the steps of a model, such as `tape.make_steps`.
        model: Model to train. If it is compiled already, it keeps its optimizer, loss and metrics.
        data: Batches for training, and for validation after each epoch.
        config: Gives `epochs`, `steps_per_execution`, `jit_compile` and `learning_rate`.
        callbacks: Keras callbacks; their hooks are called as `fit` calls them.
        verbose: Progress: 0 none, 1 or "auto" a bar, 2 a line an epoch.

    Returns:
        The history, such as `loss`, `accuracy`, `val_loss`, `val_accuracy`: one figure an epoch.
    """
    prepare(model, data, config)
    steps = make_steps(steps_of, model)
    if steps.optimizer is not None:
        model.optimizer = steps.optimizer
        model.optimizer.build(model.trainable_variables)
    training = Phase(model, steps.train_step, steps.train_metrics)
    testing = Phase(model, steps.test_step, steps.test_metrics)
    model.train_function = training.call
    hooks = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=config.epochs,
        steps=data.steps,
        metrics=steps.metrics,
    )
    logs: Logs = {}
    hooks.on_train_begin()
    started = int(model.optimizer.iterations.numpy())
    for epoch in range(compat.initial_epoch(model), config.epochs):
        training.reset_metrics()
        hooks.on_epoch_begin(epoch)
        data.set_epoch(epoch)
        logs = run_epoch(
            model,
            data.train,
            lambda *batches: model.train_function(*batches),  # a callback may replace it
            (hooks.on_train_batch_begin, hooks.on_train_batch_end),
            lambda: model.stop_training,
        )
        logs = training.figures(logs)

        model.stop_evaluating = False
        hooks.on_test_begin()
        testing.reset_metrics()
        tests = run_epoch(
            model,
            data.test,
            testing.call,
            (hooks.on_test_batch_begin, hooks.on_test_batch_end),
            lambda: model.stop_evaluating,
        )
        tests = testing.figures(tests)
        hooks.on_test_end(tests)

        if training.called:
            check_optimizer(model, started)
        logs |= {f"val_{name}": figure for name, figure in tests.items()}
        hooks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_variables)
    hooks.on_train_end(logs)
    model.train_function = None  # `fit` makes its own
    return model.history


def run_epoch(
    model: keras.Model,
    batches: tf.data.Dataset,
    call: Callable[[Iterator, int], Logs],
    hooks: tuple[Callable[..., None], Callable[..., None]],
    stopped: Callable[[], bool],
) -> Logs:
    """Runs one epoch of training, or of testing.

    Args:
        model: Gives the strategy and `steps_per_execution`.
        batches: The batches of the epoch.
        call: Runs a number of steps on the next batches, and returns the running figures.
        hooks: Called before and after each call with the index of its first or last step.
        stopped: Whether the epoch is to end.

    Returns:
        The figures of the last call.
    """
    logs: Logs = {}
    on_begin, on_end = hooks
    size, steps = model.steps_per_execution, len(batches)
    iterator = iter(model.distribute_strategy.experimental_distribute_dataset(batches))
    for begin in range(0, steps, size):
        on_begin(begin)
        logs = call(iterator, min(size, steps - begin))
        on_end(begin + size - 1, logs)
        if stopped():
            break
    return logs


class Phase:
    """Training or testing: its compiled step and its metrics.

    Args:
        model: Gives the strategy, `jit_compile` and `run_eagerly`.
        step: Step of this phase.
        metrics: Metrics of this phase, by the names of their figures.

    Attributes:
        called: Whether a step was made.
    """

    def __init__(
        self,
        model: keras.Model,
        step: Callable[..., Any],
        metrics: Mapping[str, keras.Metric],
    ):
        self._metrics, self.called = metrics, False
        strategy = model.distribute_strategy

        @functools.wraps(step)  # whose signature tf.function looks at
        def step_with_figures(*batch: Any, **named: Any) -> Logs:
            figures = step(*batch, **named)
            return self._results() if figures is None else figures

        compiled = tf.function(
            step_with_figures, jit_compile=model.jit_compile, reduce_retracing=True
        )

        def run(batches: Iterator) -> Logs:
            one_step = step_with_figures if model.run_eagerly else compiled
            figures = strategy.run(one_step, next(batches))
            return keras.tree.map_structure(lambda figure: mean(strategy, figure), figures)

        def run_several(batches: Iterator, count: int) -> Logs:
            figures = run(batches)
            if count > 1:  # oneDNN fuses less in a loop
                for _ in tf.range(count - 1):
                    figures = run(batches)
            return figures

        in_graph = tf.function(run_several)

        def call(batches: Iterator, count: int = 1) -> Logs:
            self.called = True
            from_data_set = isinstance(
                batches, (tf.data.Iterator, tf.distribute.DistributedIterator)
            )
            if from_data_set and not model.run_eagerly:
                return in_graph(batches, count)
            return run_several(batches, count)  # `train_on_batch` brings a batch of its own

        self.call = call

    def reset_metrics(self) -> None:
        """Resets the metrics of this phase."""
        for metric in self._metrics.values():
            metric.reset_state()

    def figures(self, logs: Logs) -> Logs:
        """The results of the metrics; what the last step returned if these are other figures."""
        results = self._results()
        return dict(results if set(results) == set(logs) else logs)

    def _results(self) -> Logs:
        results: Logs = {}
        for name, metric in self._metrics.items():
            result = metric.result()
            results |= result if isinstance(result, dict) else {name: result}
        return results


def check_optimizer(model: keras.Model, started: int) -> None:
    """Checks that a step uses the optimizer that callbacks and the comparison look at.

    Raises:
        InputError: If that has made no step.
    """
    skips = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    used = skips or int(model.optimizer.iterations.numpy()) != started
    received = "one that does not; name the optimizer that it uses: Steps(..., optimizer=optimizer)"
    require(used, "trainer", "a train_step that uses model.optimizer", received)
