"""Times how long it takes until the trial of a machine that is lost has come back.

`python scripts/measure/lost_machine.py --rounds 3`. Two sets of processes on loopback stand for two
machines that search together, each with one trial. All processes of the second are killed at once,
as by a power cut; the trial has come back when the first machine runs it.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from vgg_keras.tuning.status import read_status

LOOK_SECONDS = 0.2
SEARCH = ("--trials", "2", "--epochs", "1", "--limit", "12000", "--workers", "1", "--name", "a")


def main() -> None:
    """Prints the seconds of each round, and their median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as logs:
            seconds.append(seconds_until_back(Path(logs)))
        print(f"{seconds[-1]:.1f} s", flush=True)
    print(f"median {statistics.median(seconds):.1f} s")


def seconds_until_back(logs: Path) -> float:
    """The time from the loss of a machine until another one runs its trial.

    Args:
        logs: Empty folder.
    """
    run = logs / "search" / "a"
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    machines = [start("search", *SEARCH, "--logdir", str(logs), "--chief", address)]
    try:
        own = wait_for(lambda: running(run))
        join = ("--config", str(run / "config.json"), "--join", address, "--workers", "1")
        machines.append(start("search", *join))
        (lost,) = wait_for(lambda: running(run) - own)
        os.killpg(machines[1].pid, signal.SIGKILL)
        began = time.monotonic()
        ((first, _),) = own
        wait_for(lambda: running(run) & {(first, lost[1])})
        return time.monotonic() - began
    finally:
        for machine in machines:
            os.killpg(machine.pid, signal.SIGKILL)
            machine.wait()


def start(*arguments: str) -> subprocess.Popen:
    """Starts the program in a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "vgg_keras", *arguments, "--quiet"], start_new_session=True
    )


def running(run: Path) -> set[tuple[str, str]]:
    """The workers of a search that are in a trial, each with its trial."""
    names = [file.stem for file in (run / "tuner" / "workers").glob("*.json")]
    trials = {name: read_status(run / "tuner", name).trial for name in names}
    return {(name, trial) for name, trial in trials.items() if trial is not None}


def wait_for(look: Callable[[], set[tuple[str, str]]]) -> set[tuple[str, str]]:
    """Looks again and again until something is there."""
    while not (found := look()):
        time.sleep(LOOK_SECONDS)
    return found


if __name__ == "__main__":
    main()
