"""Private names of TensorFlow, Keras and KerasTuner, each behind one function.

`tests/runtime/test_compat.py` says which of them an upgrade has taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common import global_state
from keras.src.backend.tensorflow import trainer
from keras.src.random import seed_generator
from keras.src.utils import rng_utils
from tensorflow.python.eager import context
from tensorflow.python.framework import ops
from tensorflow.python.ops import summary_ops_v2

from vgg_keras.runtime.devices import mean

CALLBACK_STATE: dict[type[keras.callbacks.Callback], tuple[str, ...]] = {
    keras.callbacks.History: ("history", "epoch"),
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_epoch", "best_weights"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "cooldown_counter", "best"),
    keras.callbacks.ModelCheckpoint: (
        "best",
        "_batches_seen_since_last_saving",
        "_last_batch_seen",
    ),
    keras.callbacks.SwapEMAWeights: ("_ema_weights_in_model",),
}
"""The attributes in which Keras's own callbacks keep what they have seen."""


def initial_epoch(model: keras.Model) -> int:
    """The epoch to start with, counted from 0, as `BackupAndRestore` or `Checkpoints` sets it."""
    return model._initial_epoch or 0


def set_initial_epoch(model: keras.Model, epoch: int) -> None:
    """Sets the epoch that a training starts with, counted from 0."""
    model._initial_epoch = epoch


def call_of(model: keras.Model) -> Callable[..., Any]:
    """The model's call as `fit` makes it: with `training` only if the model takes it."""
    if model._call_has_training_arg:
        return model
    return lambda x, training: model(x)


def loss_of(model: keras.Model) -> Callable[..., Any]:
    """The model's `compute_loss` as `fit` calls it: with `training` only if it takes it."""
    return model._compute_loss


def loss_weights_of(model: keras.Model) -> Any:
    """The weights of the losses of several outputs that a model was compiled with; or None."""
    return getattr(model._compile_loss, "_user_loss_weights", None)


@contextmanager
def without_loss_weights(model: keras.Model) -> Iterator[None]:
    """Takes these weights off a compiled model inside a `with`."""
    weighted = model._compile_loss
    plain = type(weighted)(weighted._user_loss, output_names=weighted.output_names)
    model._compile_loss = plain
    try:
        yield
    finally:
        model._compile_loss = weighted


def clipped(optimizer: keras.optimizers.Optimizer, gradients: Sequence[Any]) -> list[Any]:
    """The gradients as an optimizer clips them before its update."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return inner._clip_gradients(gradients)


def decays(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> bool:
    """Whether the weight decay of an optimizer, if it has any, is for a variable too."""
    return getattr(optimizer, "inner_optimizer", optimizer)._use_weight_decay(variable)


def build_all(model: keras.Model, batch: Any) -> None:
    """Builds what is not yet built of model, compiled loss and metrics, and optimizer.

    Args:
        model: Compiled model.
        batch: Specifications (`tf.TensorSpec`) of `(x, y)` or `(x, y, sample_weight)`.
    """
    model._symbolic_build(data_batch=batch)


def forget_functions(model: keras.Model) -> None:
    """Lets Keras make its training and test functions again, after a step was replaced."""
    model.train_function = model.test_function = None


def start_batches_at(callback: keras.callbacks.TensorBoard, batch: int) -> None:
    """Sets the number at which the curves of batches go on."""
    callback._global_train_batch = batch


def serve_oracle(oracle: Any, server: Any) -> None:
    """Adds KerasTuner's service to a gRPC server: an oracle that workers ask for trials."""
    from keras_tuner.src import protos
    from keras_tuner.src.distribute.oracle_chief import OracleServicer

    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)


def connect_client(client: Any, channel: Any) -> None:
    """Lets a worker of KerasTuner call its chief through a gRPC channel."""
    from keras_tuner.src import protos

    client.stub = protos.get_service_grpc().OracleStub(channel)


def set_client_timeout(seconds: float) -> None:
    """Sets how long a worker of KerasTuner waits for the answer of its chief."""
    from keras_tuner.src.distribute import oracle_client

    oracle_client.TIMEOUT = seconds


@contextmanager
def release_graphs() -> Iterator[None]:
    """Lets go of the graphs that are traced inside it, some 8 MB a training.

    Keras's optimizers sum gradients through a `tf.custom_gradient`, which TensorFlow 2.21 registers
    again, for ever, each time a graph is traced, and which holds that graph.
    """
    gradients = ops.gradient_registry._registry
    before = set(gradients)
    try:
        yield
    finally:
        for name in set(gradients) - before:
            if name.startswith("CustomGradient-"):
                del gradients[name]


@contextmanager
def keeping_summary_writer() -> Iterator[None]:
    """Leaves the default summary writer as it was, which an error in a callback would not."""
    summaries = summary_ops_v2._summary_state
    writer, step = summaries.writer, summaries.step
    try:
        yield
    finally:
        summaries.writer, summaries.step = writer, step


@contextmanager
def keeping_state_of_keras() -> Iterator[None]:
    """Leaves the default dtype policy and the seeds of Keras and TensorFlow as they were."""
    names = (
        "dtype_policy",
        rng_utils.GLOBAL_RANDOM_SEED,
        seed_generator.GLOBAL_SEED_GENERATOR,
    )
    before = {name: global_state.get_global_attribute(name) for name in names}
    eager = context.context()
    seed, rng = eager._seed, getattr(eager, "_rng", None)
    try:
        yield
    finally:
        for name, value in before.items():
            global_state.set_global_attribute(name, value)
        eager._seed, eager._rng = seed, rng


class FitOnSeveralDevices:
    """Lets `fit` and `evaluate` run where devices share batches, in a `with`.

    Keras 3.15 fails twice there. To build a model it averages the shares of a batch, which is not
    possible where they are in other processes or differ in size; one share is enough. And in
    several processes it averages figures, which are scalars, over their first axis.
    """

    def __enter__(self) -> None:
        self._kept = trainer.reduce_per_replica, trainer.TensorFlowTrainer._maybe_symbolic_build
        reduce, build = self._kept

        def reduce_figures(values: Any, strategy: tf.distribute.Strategy, reduction: str) -> Any:
            if reduction == "auto" and strategy.num_replicas_in_sync > 1:
                return keras.tree.map_structure(partial(mean, strategy), values)
            return reduce(values, strategy, reduction)

        def build_with_a_share(model: Any, iterator: Any = None, data_batch: Any = None) -> None:
            strategy = model.distribute_strategy
            if iterator is not None and strategy.num_replicas_in_sync > 1:
                _, _, batches = next(iter(iterator))
                data_batch = keras.tree.map_structure(
                    lambda shares: strategy.experimental_local_results(shares)[0], next(batches)
                )
                iterator = None
            build(model, iterator, data_batch)

        trainer.reduce_per_replica = reduce_figures
        trainer.TensorFlowTrainer._maybe_symbolic_build = build_with_a_share

    def __exit__(self, *error: object) -> None:
        trainer.reduce_per_replica, trainer.TensorFlowTrainer._maybe_symbolic_build = self._kept
