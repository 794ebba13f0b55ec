"""Starts TensorFlow without its start-up lines."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from vgg_keras.errors import InputError, require

BACKEND = "KERAS_BACKEND"
LEGACY = "TF_USE_LEGACY_KERAS"
LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def silent_startup() -> Iterator[None]:
    """Keeps TensorFlow's start-up lines off the terminal, and leaves the environment as it was.

    TensorFlow 2.21 writes them to file descriptor 2, whatever its environment variables say, so
    the descriptor itself is redirected. What was written appears if an error comes that does
    not say itself what is wrong.
    """
    before = os.environ.get(LOG_LEVEL)
    os.environ.setdefault(LOG_LEVEL, "3")
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except InputError:
            raise
        except BaseException:
            file.seek(0)
            os.write(terminal, file.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            if before is None:
                del os.environ[LOG_LEVEL]


@contextmanager
def imports_kept() -> Iterator[None]:
    """Collects no garbage inside a `with` that imports TensorFlow, and keeps what it imports.

    Looking for garbage among what stays takes a sixth of TensorFlow's start, and a tenth of a
    second each time afterwards.
    """
    if "tensorflow" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def own_environment() -> None:
    """Sets what Keras and TensorFlow read when they are imported, in a process of the program."""
    os.environ[BACKEND] = "tensorflow"
    os.environ.pop(LEGACY, None)
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # or TensorFlow takes a whole GPU
    # On processors without AVX512_VNNI or later TensorFlow leaves oneDNN off, though its
    # convolutions are faster there too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def check_keras() -> None:
    """Imports Keras, and checks that it is Keras 3 on TensorFlow.

    Raises:
        InputError: If it runs on something else, or cannot read its own configuration.
    """
    legacy = os.environ.get(LEGACY, "0")
    require(legacy not in ("1", "true", "True"), LEGACY, "none: this is Keras 3", legacy)
    expected = "tensorflow, when Keras is imported"
    if "keras" not in sys.modules:  # which it could not be without that backend
        backend = os.environ.get(BACKEND) or "tensorflow"
        require(backend == "tensorflow", BACKEND, expected, backend)
    import_module("vgg_keras.runtime.drawing")  # Keras imports Matplotlib
    try:
        import keras
    except (AssertionError, ImportError, ValueError) as error:
        usable = "a configuration in keras.json and KERAS_... that it can be imported with"
        received = f"{type(error).__name__}: {error}"
        raise InputError(f"Keras: expected {usable}, received {received}") from error
    backend = keras.config.backend()
    require(backend == "tensorflow", BACKEND, expected, backend)
