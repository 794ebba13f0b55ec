"""Kills searches with SIGKILL at random moments, resumes them, and checks that nothing was lost.

`python tests/torture/kill_search.py --kills 20 --workers 2`.

Half of the times it is the launcher, which
is the chief too, else a worker or the process that workers are forked from. A serial search must
also end with the scores of one that was not disturbed. Exit status 1 if one does not end well.
Linux only.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TRIALS = 6
SEARCH = [sys.executable, "-m", "vgg_keras", "search", "--limit", "200", "--epochs", "1"]
SEARCH += ["--trials", str(TRIALS), "--filters-choices", "2,4,6", "--dense-choices", "8"]
LIMIT_SECONDS = 180
GONE_SECONDS = 5


def main() -> int:
    """Runs the searches and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as home:
        began = time.monotonic()
        expected = finish(start(Path(home), "whole", options.workers), Path(home), "whole")
        length = time.monotonic() - began
        passed = kills = 0
        while kills < options.kills:
            name = f"killed-{kills}"
            process = start(Path(home), name, options.workers)
            time.sleep(rng.uniform(1, length))
            if process.poll() is not None:  # it was faster
                shutil.rmtree(Path(home, "search", name), ignore_errors=True)
                continue
            kills += 1
            children = children_of(process.pid)
            victim = rng.choice(children) if children and rng.random() < 0.5 else process.pid
            kill(victim)
            kind = "launcher" if victim == process.pid else f"process {children.index(victim)}"
            result = finish(process, Path(home), name)
            if victim == process.pid:
                resume = ["--resume"] if Path(home, "search", name).is_dir() else []
                process = start(Path(home), name, options.workers, *resume)
                result = finish(process, Path(home), name)
            ending = "ended well"
            if not complete(result) or (
                options.workers == 1 and scores(result) != scores(expected)
            ):
                ending = "LOST SOMETHING"
            elif not gone(children):
                ending = "LEFT A PROCESS"
            passed += ending == "ended well"
            print(f"{name}: {kind} killed: {ending}", flush=True)
            shutil.rmtree(Path(home, "search", name), ignore_errors=True)
    print(f"{passed} of {kills} searches with {options.workers} worker(s) ended well")
    return int(passed < kills)


def start(home: Path, name: str, workers: int, *more: str) -> subprocess.Popen:
    """Starts a search."""
    place = ["--logdir", str(home), "--name", name, "--workers", str(workers), "--quiet"]
    return subprocess.Popen(
        [*SEARCH, *place, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def finish(process: subprocess.Popen, home: Path, name: str) -> dict[str, Any] | None:
    """Waits for a search, and reads its result; None if it did not end well."""
    try:
        status = process.wait(LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return None
    file = home / "search" / name / "result.json"
    return json.loads(file.read_text()) if status == 0 else None


def complete(result: dict[str, Any] | None) -> bool:
    """Whether all trials were completed, and each is there once."""
    trials = result["trials"] if result else []
    once = len({trial["id"] for trial in trials}) == len(trials) == TRIALS
    return once and all(trial["status"] == "completed" for trial in trials)


def scores(result: dict[str, Any] | None) -> Any:
    """The scores of all trials and of the best model on the test images."""
    if result is None:
        return None
    return [trial["scores"] for trial in result["trials"]], result["best"]["test"]


def children_of(pid: int) -> list[int]:
    """All processes that a process has started, and those that they have."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = list(children.get(pid, []))
    for child in found:
        found += children.get(child, [])
    return found


def gone(pids: list[int]) -> bool:
    """Whether processes end within some seconds: Python takes one to leave TensorFlow."""
    deadline = time.monotonic() + GONE_SECONDS
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(map(alive, pids))


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    """Kills a process, if there still is one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    raise SystemExit(main())
