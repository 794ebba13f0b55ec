"""What a worker process does: the trials that a chief gives it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import grpc
import tensorflow as tf

from vgg_keras.config import SearchConfig
from vgg_keras.errors import InconclusiveError
from vgg_keras.runtime.cluster import Address
from vgg_keras.runtime.compat import set_client_timeout
from vgg_keras.runtime.settings import one_training
from vgg_keras.training.parts import gather
from vgg_keras.tuning.chief import open_channel
from vgg_keras.tuning.data import split_data
from vgg_keras.tuning.environment import chief_variables
from vgg_keras.tuning.hypermodel import TrialModel
from vgg_keras.tuning.identity import read_identity
from vgg_keras.tuning.oracles import make_oracle
from vgg_keras.tuning.space import declare
from vgg_keras.tuning.status import log_file
from vgg_keras.tuning.tuner import Tuner
from vgg_keras.tuning.workers import USELESS


@one_training()
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
        config: Configuration of the search.
        directory: Folder of the search.
        host: Host where the chief listens.
        port: Its port.
        name: Name of the worker; the chief knows it by that.
        threads: Threads that TensorFlow may use for one operation, and for operations side by side.
        patience: Seconds that the chief has for an answer; KerasTuner's own limit is an hour.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started the worker ends it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    path = log_file(directory / "tuner", name)
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    set_client_timeout(patience)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    try:
        config, parts = gather(config, [config.trainer])
        trials = replace(parts, data=split_data(config, parts.data).trials)
        hypermodel = TrialModel(config, trials)
        with chief_variables():
            space = declare(config, hypermodel.build if parts.factory else None)
        channel = open_channel(Address(host, port), read_identity(directory))
        with chief_variables(name, host, str(port)), channel:
            oracle = make_oracle(config, space)
            Tuner(oracle, config, hypermodel, directory, channel=channel).search()
    except grpc.RpcError as error:
        _give_up(f"no answer from the chief: {error.details()}")
    except OSError as error:
        _give_up(f"{error}; mend it and go on with --resume")
    except InconclusiveError as error:
        _give_up(str(error))


def _give_up(reason: str) -> None:
    print(" ".join(reason.split()), file=sys.stderr, flush=True)
    sys.exit(USELESS)


def _end_with_parent() -> None:
    launcher, server = multiprocessing.parent_process(), os.getppid()
    while launcher and launcher.is_alive() and os.getppid() == server:
        time.sleep(0.5)
    os._exit(1)
