"""A search with workers: served and watched; none that is silent or gone is waited for."""

from __future__ import annotations

import time
from pathlib import Path

from vgg_keras.errors import InconclusiveError
from vgg_keras.runtime.signals import StopRequest
from vgg_keras.tuning.chief import Chief
from vgg_keras.tuning.oracles import Durable
from vgg_keras.tuning.status import Silence, Watch
from vgg_keras.tuning.workers import LOST_SECONDS, WATCH_SECONDS, Workers

ALONE_SECONDS = 600
FAREWELL_SECONDS = 10


def serve(
    oracle: Durable, chief: Chief, workers: Workers, project: Path, request: StopRequest
) -> None:
    """Serves an oracle until all its trials have ended.

    Args:
        oracle: Oracle of the search.
        chief: Chief that serves it.
        workers: Workers of this machine; those of others come and go.
        project: KerasTuner's directory, where workers write their status.
        request: Request to stop.

    Raises:
        InconclusiveError: If no trial can be run.
    """
    silence, watch = Silence(project), Watch()
    with workers.alive(), chief.serving():
        busy = watch.seconds()
        while not oracle.finished.wait(WATCH_SECONDS):
            request.raise_if_set()
            workers.watch()
            for name in list(oracle.ongoing_trials):
                busy = watch.seconds()
                if silence.seconds(name) > LOST_SECONDS:
                    chief.call(oracle.give_back, name)
            if watch.seconds() - busy > ALONE_SECONDS:
                raise InconclusiveError(f"no worker asked for a trial in {ALONE_SECONDS} s")
        farewell = time.monotonic() + FAREWELL_SECONDS
        while oracle.tuner_ids and time.monotonic() < farewell:  # each hears that it may go
            time.sleep(0.05)
