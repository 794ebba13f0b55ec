"""One device, or several that share each batch."""

from __future__ import annotations

import tensorflow as tf

from vgg_keras.errors import InputError, require


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


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Makes a strategy.

    Args:
        name: Name: `none`, or `mirrored` over all GPUs or two devices of the processor.

    Raises:
        InputError: If there is one device only.
    """
    if name == "none":
        return tf.distribute.get_strategy()
    split_processor()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    require(len(devices) > 1, "--strategy", "two GPUs or none for mirrored", len(devices))
    return tf.distribute.MirroredStrategy([device.name for device in devices])
