"""What Keras, TensorFlow and NumPy are set to for the whole process, and runs depend on."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.errors import require
from vgg_keras.runtime.compat import FitOnSeveralDevices, keeping_state_of_keras
from vgg_keras.runtime.startup import check_keras

REWRITES = ("auto_mixed_precision", "auto_mixed_precision_onednn_bfloat16")
"""What TensorFlow may do to a graph that changes its precision."""

SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], None], Any], ...] = (
    (keras.config.floatx, keras.config.set_floatx, "float32"),
    (keras.config.epsilon, keras.config.set_epsilon, 1e-7),
    (keras.config.image_data_format, keras.config.set_image_data_format, "channels_last"),
    (keras.config.max_epochs, keras.config.set_max_epochs, None),
    (keras.config.max_steps_per_epoch, keras.config.set_max_steps_per_epoch, None),
    (tf.config.functions_run_eagerly, tf.config.run_functions_eagerly, False),
    (
        tf.config.optimizer.get_experimental_options,
        tf.config.optimizer.set_experimental_options,
        dict.fromkeys(REWRITES, False),
    ),
)
"""How each setting is read and written, and its value in runs."""

_TRAINING = threading.Lock()


@contextmanager
def one_training() -> Iterator[None]:
    """Gives the trainings of a run the standard settings, and the process to them alone.

    Trainings at the same time would draw from the same seeds.

    Raises:
        InputError: If there are others, in another thread or around this one; for the settings
            likewise.
    """
    alone = _TRAINING.acquire(blocking=False)
    received = "a second one; wait for the end of the first, or start it in another process"
    require(alone, "training", "one run at a time in a process", received)
    try:
        with _set():
            yield
    finally:
        _TRAINING.release()


@contextmanager
def standard_settings() -> Iterator[None]:
    """Gives what is done with trained models the standard settings, unless a run has them already.

    Raises:
        InputError: If there cannot be the standard settings.
    """
    with nullcontext() if _TRAINING.locked() else _set():
        yield


@contextmanager
def _set() -> Iterator[None]:
    """Gives a run the settings that its results depend on, and then the process its own.

    The user may have changed them in `keras.json`, in the environment or in Python. The state of
    random numbers is put back too.

    Raises:
        InputError: If Keras does not run on TensorFlow, or a run inside of something would be
            another one.
    """
    check_keras()
    expected = "eager execution, in which TensorFlow 2 starts"
    require(tf.executing_eagerly(), "TensorFlow", expected, "a graph that is being made")
    expected = "none around a run; use --strategy"
    require(not tf.distribute.has_strategy(), "strategy", expected, "its scope")
    before = [read() for read, _, _ in SETTINGS]
    random_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with (
            keeping_state_of_keras(),
            FitOnSeveralDevices(),
            np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"),
        ):
            for _, write, value in SETTINGS:
                write(value)
            keras.config.set_dtype_policy("float32")
            yield
    finally:
        for (_, write, _), value in zip(SETTINGS, before, strict=True):
            write(value)
        random.setstate(random_state)
        np.random.set_state(numpy_state)
