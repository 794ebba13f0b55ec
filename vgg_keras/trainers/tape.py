"""The same training as `fit`, written out with `tf.GradientTape`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import keras
import tensorflow as tf

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches


def train(
    model: keras.Model,
    data: Batches,
    config: RunConfig,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> keras.callbacks.History:
    """Trains a model with a `tf.GradientTape` loop.

    Args:
        model: built, and its `call` takes `training`; if it is compiled already, it keeps its
            optimizer.
        data: batches for training, and for validation after each epoch.
        config: gives `epochs`, `steps_per_execution` and `jit_compile`.
        callbacks: any Keras callbacks; their hooks are called as `fit` calls them.
        verbose: of the progress: 0 none, 1 or "auto" a bar, 2 a line an epoch.

    Returns:
        The history: `loss`, `accuracy`, `val_loss`, `val_accuracy`, one figure an epoch.
    """
    prepare_for_callbacks(model, data, config)
    model.train_function, test_steps, metrics = make_steps(model)
    hooks = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=config.epochs,
        steps=len(data.train),
        metrics=metrics,
    )
    logs: dict[str, tf.Tensor] = {}
    hooks.on_train_begin()
    for epoch in range(model._initial_epoch or 0, config.epochs):  # BackupAndRestore sets it
        for metric in metrics:
            metric.reset_state()
        hooks.on_epoch_begin(epoch)
        data.set_epoch(epoch)
        for begin, end, batches, count in executions(model, data.train):
            hooks.on_train_batch_begin(begin)
            logs = model.train_function(batches, count)
            hooks.on_train_batch_end(end, logs)
            if model.stop_training:
                break

        test_logs = validate(model, data, hooks, test_steps)
        logs |= {f"val_{name}": value for name, value in test_logs.items()}
        hooks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_variables)
    hooks.on_train_end(logs)
    model.train_function = None  # of `fit`, which makes its own
    return model.history


def validate(
    model: keras.Model, data: Batches, hooks: keras.callbacks.CallbackList, test_steps: Callable
) -> dict[str, tf.Tensor]:
    """Tests a model on all test images, and returns the test metrics."""
    model.stop_evaluating = False
    hooks.on_test_begin()
    for begin, end, batches, count in executions(model, data.test):
        hooks.on_test_batch_begin(begin)
        logs = test_steps(batches, count)
        hooks.on_test_batch_end(end, logs)
        if model.stop_evaluating:
            break
    hooks.on_test_end(logs)
    return logs


def make_steps(model: keras.Model) -> tuple[Callable, Callable, list[keras.Metric]]:
    """Makes the compiled training and test steps, and the four metrics that they update."""
    loss_function = keras.losses.SparseCategoricalCrossentropy()
    optimizer, strategy = model.optimizer, model.distribute_strategy
    replicas = strategy.num_replicas_in_sync  # a loss is divided by it, as gradients are added
    train_loss = keras.metrics.Mean(name="loss")
    train_accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    test_loss = keras.metrics.Mean(name="loss")
    test_accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    def with_layer_losses(loss: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum([loss, *(tf.reduce_sum(part) / replicas for part in model.losses)])

    def train_step(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor | None = None) -> None:
        with tf.GradientTape() as tape:
            predictions = model(images, training=True)
            loss = with_layer_losses(loss_function(labels, predictions, weights))
            scaled_loss = optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        train_loss.update_state(loss * replicas, sample_weight=tf.shape(images)[0])
        train_accuracy.update_state(labels, predictions)

    def test_step(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor | None = None) -> None:
        predictions = model(images, training=False)
        loss = with_layer_losses(loss_function(labels, predictions, weights))
        test_loss.update_state(loss * replicas, sample_weight=tf.shape(images)[0])
        test_accuracy.update_state(labels, predictions)

    def compiled(step: Callable, *metrics: keras.Metric) -> Callable:
        step = tf.function(step, jit_compile=model.jit_compile, reduce_retracing=True)

        @tf.function
        def steps(batches: Iterator, count: int) -> dict[str, tf.Tensor]:
            for _ in tf.range(count) if count > 1 else range(1):  # oneDNN fuses less in a loop
                strategy.run(step, next(batches))
            return {metric.name: metric.result() for metric in metrics}

        return steps

    return (
        compiled(train_step, train_loss, train_accuracy),
        compiled(test_step, test_loss, test_accuracy),
        [train_loss, train_accuracy, test_loss, test_accuracy],
    )


def executions(
    model: keras.Model, batches: tf.data.Dataset
) -> Iterator[tuple[int, int, Iterator, int]]:
    """Yields first index, last index, iterator and number of steps of each call of the graph."""
    size = model.steps_per_execution
    iterator = iter(model.distribute_strategy.experimental_distribute_dataset(batches))
    for begin in range(0, len(batches), size):
        yield begin, begin + size - 1, iterator, min(size, len(batches) - begin)


def prepare_for_callbacks(model: keras.Model, data: Batches, config: RunConfig) -> None:
    """Gives the model what callbacks and `.keras` files read from it."""
    if not model.compiled:
        model.compile(
            keras.optimizers.Adam(),
            keras.losses.SparseCategoricalCrossentropy(),
            metrics=["accuracy"],
            steps_per_execution=config.steps_per_execution,
            jit_compile=config.jit_compile,
        )
        model.optimizer.build(model.trainable_variables)  # or the step would be traced twice
    images, labels = data.test.element_spec[:2]
    outputs = model.compute_output_spec(keras.KerasTensor(images.shape))
    model.compute_metrics(None, tf.zeros(1, labels.dtype), tf.zeros((1, *outputs.shape[1:])))
    model.reset_metrics()
    model.stop_training = False
