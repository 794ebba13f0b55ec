"""What a worker process does: the trials that a chief gives it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

import grpc
import tensorflow as tf
from keras_tuner.errors import FatalError
from keras_tuner.src.distribute import oracle_client

from vgg_keras.config import SearchConfig
from vgg_keras.tuning.data import load_data
from vgg_keras.tuning.oracles import make_oracle
from vgg_keras.tuning.status import log_file
from vgg_keras.tuning.tuner import Tuner
from vgg_keras.tuning.workers import CHIEF_LOST


def work(
    config: SearchConfig,
    directory: Path,
    host: str,
    port: int,
    name: str,
    threads: int,
    patience: float,
) -> None:
    """Runs trials until the chief has no more, then ends the process.

    Args:
        config: of the search.
        directory: of the search.
        host: where the chief listens.
        port: the same.
        name: of the worker; the chief knows it by that.
        threads: that TensorFlow may use for one operation, and for operations side by side.
        patience: seconds that the chief has for an answer; KerasTuner's own limit is an hour.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started the worker ends it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    path = log_file(directory / "tuner", name)
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ["KERASTUNER_TUNER_ID"] = name
    os.environ["KERASTUNER_ORACLE_IP"] = host
    os.environ["KERASTUNER_ORACLE_PORT"] = str(port)
    oracle_client.TIMEOUT = patience
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    try:
        Tuner(make_oracle(config), config, load_data(config).parts, directory).search()
    except (grpc.RpcError, FatalError) as error:
        reason = error if isinstance(error, FatalError) else error.details()
        print(f"no answer from the chief: {reason}", file=sys.stderr, flush=True)
        sys.exit(CHIEF_LOST)


def _end_with_parent() -> None:
    launcher, server = multiprocessing.parent_process(), os.getppid()
    while launcher and launcher.is_alive() and os.getppid() == server:
        time.sleep(0.5)
    os._exit(1)
