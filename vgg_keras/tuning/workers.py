"""Worker processes on this machine: started, watched, started again, ended.

This file imports no TensorFlow, so that its processes can start while the program does so.
"""

from __future__ import annotations

import multiprocessing
import platform
import re
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

from vgg_keras.config import SearchConfig
from vgg_keras.errors import InconclusiveError, warn
from vgg_keras.runtime.machine import cores
from vgg_keras.runtime.startup import silent_startup
from vgg_keras.tuning.status import Silence, log_file, read_status, status_file

USELESS = 3
"""Exit status of a worker that is not started again: its chief gives no answer, or its machine has
no space on the disk or no memory."""

FAILED_STARTS = 3
END_SECONDS = 10
CHIEF_SECONDS = 60
WATCH_SECONDS = 0.5
LOST_SECONDS = 60


def prepare_processes() -> None:
    """Starts the process that imports TensorFlow once, to be forked into workers."""
    multiprocessing.set_forkserver_preload(["vgg_keras.runtime.drawing", "vgg_keras.tuning.worker"])
    with silent_startup():
        forkserver.ensure_running()


def count_workers(config: SearchConfig, verbose: int) -> int:
    """The number of workers that was asked for; `auto` is one for each core and trial.

    Hyperband decides itself how many trials it runs; it gets one for each core.
    """
    if config.workers == "auto":
        count = cores() if config.algorithm == "hyperband" else min(cores(), config.trials)
        if verbose:
            print(f"{count} workers share {cores()} cores", flush=True)
        return count
    if config.workers > cores():
        warn(f"{config.workers} workers share {cores()} cores: slower than with one for each")
    if config.algorithm != "hyperband" and config.workers > config.trials:
        warn(f"{config.workers} workers share {config.trials} trials: some will have none")
    return config.workers


@contextmanager
def without_main_module() -> Iterator[None]:
    """Keeps a process that is started from importing the script that starts it.

    `multiprocessing` imports it, to find functions in it that are handed over; workers get none of
    these. A script without `if __name__ == "__main__":` would run again in each worker.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@dataclass
class Worker:
    """A worker process.

    Attributes:
        name: Name that the chief knows it by; it stays when the process is started again.
        process: Its process.
        failed_starts: Deaths in a row outside of a trial.
    """

    name: str
    process: BaseProcess
    failed_starts: int = 0


class Workers:
    """The workers of this machine.

    Args:
        count: Number of workers; each gets its share of the cores.
        config: Configuration of the search.
        directory: Folder of the search.
        host: Host where the chief listens.
        port: Its port.

    Attributes:
        running: Workers that have not ended.
    """

    def __init__(self, count: int, config: SearchConfig, directory: Path, host: str, port: int):
        once = uuid.uuid4().hex[:6]  # machines may have the same name
        machine = re.sub(r"[^A-Za-z0-9_.-]", "-", platform.node())[:100]
        names = (f"{machine}-{once}-{number}" for number in range(count))
        self._names = [name.replace("chief", "") for name in names]  # a chief would have it
        self._project = directory / "tuner"
        self._silence = Silence(self._project)
        self._threads = max(1, cores() // max(1, count))
        self._arguments = (config, directory, host, port)
        self.running: list[Worker] = []

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Starts the workers, and ends them after a `with`."""
        prepare_processes()
        self.running = [Worker(name, self._start(name)) for name in self._names]
        try:
            yield
        finally:
            for worker in self.running:
                worker.process.kill()
            for worker in self.running:
                worker.process.join(END_SECONDS)
                status_file(self._project, worker.name).unlink(missing_ok=True)

    def watch(self) -> None:
        """Ends workers that are silent; starts those that died again, under their own names.

        Raises:
            InconclusiveError: If one cannot be started, or the chief is gone.
        """
        for worker in list(self.running):
            in_trial = read_status(self._project, worker.name).trial is not None
            if in_trial and self._silence.seconds(worker.name) > LOST_SECONDS:
                worker.process.kill()
                worker.process.join(END_SECONDS)
            status = worker.process.exitcode
            if status is None:
                continue
            if status == 0:
                self.running.remove(worker)
                continue
            worker.failed_starts = 0 if in_trial else worker.failed_starts + 1
            if status == USELESS or worker.failed_starts == FAILED_STARTS:
                raise InconclusiveError(f"worker {worker.name} ended: {self._last_line(worker)}")
            status_file(self._project, worker.name).unlink(missing_ok=True)
            worker.process = self._start(worker.name)

    def _start(self, name: str) -> BaseProcess:
        from vgg_keras.tuning.worker import work

        arguments = (*self._arguments, name, self._threads, CHIEF_SECONDS)
        context = multiprocessing.get_context("forkserver")
        process = context.Process(target=work, args=arguments, daemon=True)
        with without_main_module():
            process.start()
        return process

    def _last_line(self, worker: Worker) -> str:
        log = log_file(self._project, worker.name)
        lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
        return lines[-1] if lines else f"exit status {worker.process.exitcode}"
