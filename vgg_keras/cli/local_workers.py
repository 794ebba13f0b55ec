"""The processes of `--local-workers`: started, watched, ended."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from vgg_keras.config import RunConfig
from vgg_keras.errors import InconclusiveError, require
from vgg_keras.runtime.cluster import VARIABLE, description
from vgg_keras.runtime.machine import cores

MOST = 64
PARENT = "VGG_KERAS_PARENT"
"""The environment variable by which a process knows that it was started here, and by which."""

WATCH_SECONDS = 0.2
END_SECONDS = 30
"""How long the others have to notice that one has ended; TensorFlow takes some 10 s."""


def is_local_worker() -> bool:
    """Whether this process was started here; from now on it ends when the one that did so ends."""
    parent = int(os.environ.pop(PARENT, 0))
    if parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return bool(parent)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)


def run_local_workers(count: int, config: RunConfig, arguments: list[str]) -> int:
    """Runs a command in several processes on loopback, of which the first one is the chief.

    Args:
        count: Number of processes.
        config: Configuration of the command.
        arguments: Arguments of the program.

    Returns:
        The exit status of the chief.

    Raises:
        InputError: If the processes would have nothing to share.
        InconclusiveError: If another one has ended, and the chief has not noticed.
    """
    several = 2 <= count <= MOST
    require(several, "--local-workers", f"a number from 2 to {MOST}", count)
    shared, expected = "multiworker" in config.values_of("strategy"), "--strategy multiworker"
    require(shared, "--local-workers", f"{expected} beside it", config.strategy)
    alone = VARIABLE not in os.environ
    require(alone, VARIABLE, "none beside --local-workers", os.environ.get(VARIABLE))
    with TemporaryDirectory(prefix="vgg-keras-") as folder:
        logs = [Path(folder, f"worker-{index}.log") for index in range(count)]
        workers: list[subprocess.Popen] = []
        addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
        try:
            with forwarded_signals(workers):
                for index, log in enumerate(logs):
                    workers.append(_start(arguments, addresses, index, log))
                first = wait(workers)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        status = workers[0].returncode
        if status >= 0:
            return status
        lines = logs[first].read_text(errors="replace").splitlines() or [""]
    ended = workers[first].returncode
    by = f"with {lines[-1]}" if ended >= 0 else f"by {signal.Signals(-ended).name}"
    raise InconclusiveError(
        f"worker {first} at {addresses[first]} was ended {by}, so all were; go on with --resume"
    )


def wait(workers: Sequence[subprocess.Popen]) -> int:
    """Waits until all processes have ended, or have had time to after one of them failed.

    Returns:
        Index of the first one that failed; 0 if none did.
    """
    first, deadline = 0, math.inf
    while time.monotonic() < deadline and any(worker.poll() is None for worker in workers):
        failed = [index for index, worker in enumerate(workers) if worker.returncode]
        if deadline == math.inf and (failed or workers[0].returncode == 0):
            first = min(failed, default=0)
            deadline = time.monotonic() + END_SECONDS
        time.sleep(WATCH_SECONDS)
    return first


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody has."""
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [server.getsockname()[1] for server in servers]


@contextlib.contextmanager
def forwarded_signals(workers: Sequence[subprocess.Popen]) -> Iterator[None]:
    """Hands ^C and SIGTERM on to the chief, which lets all processes end."""

    def forward(number: int, frame: FrameType | None) -> None:
        if workers:
            workers[0].send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(arguments: list[str], addresses: list[str], index: int, log: Path) -> subprocess.Popen:
    environment = {
        **os.environ,
        PARENT: str(os.getpid()),
        VARIABLE: description(addresses, index),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_NUM_INTRAOP_THREADS": str(max(1, cores() // len(addresses))),
        "TMPDIR": str(log.parent),  # so that what a killed process leaves there is removed too
    }
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "vgg_keras", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file if index else None,
            stderr=file if index else None,
            start_new_session=True,  # ^C reaches it by way of this process only
        )
