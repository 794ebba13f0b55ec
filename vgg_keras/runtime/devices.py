"""One device, or several that share each batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import tensorflow as tf

from vgg_keras.errors import InputError, require
from vgg_keras.runtime import peers


def split_processor() -> None:
    """Makes two devices of the processor where there is no GPU; before TensorFlow has started.

    Raises:
        InputError: If it has started with another number of them.
    """
    if tf.config.list_physical_devices("GPU"):
        return
    (processor,) = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    try:
        tf.config.set_logical_device_configuration(processor, halves)
    except RuntimeError as error:
        raise InputError(
            "--strategy: expected two devices for mirrored, received a TensorFlow that has "
            "started with one; name it on the command line, or call "
            "vgg_keras.runtime.devices.split_processor() first"
        ) from error


@cache
def join_cluster() -> tf.distribute.Strategy:
    """Meets the other processes that `TF_CONFIG` names; before TensorFlow has started.

    Returns:
        The strategy, of which there can be one in a process.

    Raises:
        InputError: If that is not possible.
    """
    peers.join()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise InputError(
            "--strategy: expected a TensorFlow that has not started, for multiworker, received one "
            "that has; name it on the command line, or call "
            "vgg_keras.runtime.devices.join_cluster() first"
        ) from error


@cache
def mirror() -> tf.distribute.Strategy:
    """Shares batches among all GPUs, or the two devices of the processor.

    Returns:
        The strategy, of which there is one in a process: reductions of a second one would get the
        keys of the first, and fail with "Shape mismatch in the collective instance".

    Raises:
        InputError: If there is one device only.
    """
    split_processor()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    require(len(devices) > 1, "--strategy", "two GPUs or none for mirrored", len(devices))
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Makes a strategy.

    Args:
        name: Name: `none`, `mirrored` over all GPUs or two devices of the processor, or
            `multiworker` over the processes that `TF_CONFIG` names.

    Raises:
        InputError: If there is one device only.
    """
    if name == "none":
        return tf.distribute.get_strategy()
    if name == "multiworker":
        return join_cluster()
    return mirror()


def mean(strategy: tf.distribute.Strategy, figure: tf.Tensor) -> tf.Tensor:
    """The mean over all devices of a strategy, which `fit` shows while an epoch goes on."""
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return strategy.reduce("MEAN", figure, axis=None)
    figures = strategy.experimental_local_results(figure)
    return figure if len(figures) == 1 else tf.reduce_mean(figures, axis=0)


@contextmanager
def naming_lost_processes() -> Iterator[None]:
    """Makes TensorFlow's error of a collective operation one that names the process that has ended.

    Raises:
        InconclusiveError: If one has.
    """
    try:
        yield
    except tf.errors.OpError as error:
        others = peers.joined()
        if others is None or "Collective ops is aborted" not in error.message:
            raise
        raise others.loss(error.message) from error
