"""A search whose processes are killed or stopped ends well, in bounded time, and leaves none."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import grpc
import pytest
from callers import GARBAGE, Caller
from programs import in_process
from searches import outcome, start

from vgg_keras import cli
from vgg_keras.runs.reading import read_result
from vgg_keras.tuning import chief
from vgg_keras.tuning.identity import read_identity
from vgg_keras.tuning.status import read_status

LONG = 300
"""Seconds after which what is waited for will not come, however busy the machine is."""

FOUR = ["--trials", "4", "--limit", "6000", "--quiet"]
"""A trial takes longer than the second after which a worker's status is written again."""


def wait_for(condition):
    deadline = time.monotonic() + LONG
    while not (value := condition()):
        assert time.monotonic() < deadline, "nothing came in time"
        time.sleep(0.05)
    return value


def workers_in_trials(home):
    """The workers that are training: name and trial."""
    project = home / "search" / "a" / "tuner"
    statuses = {
        path.stem: read_status(project, path.stem) for path in project.glob("workers/*.json")
    }
    return [name for name, status in statuses.items() if status.epochs]


def processes_of(pid):
    """Process ids of all that a process has started, and of all that these have."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found[1:]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def all_ended(pids):
    return not any(map(alive, pids))


def completed(home, trials=4):
    result = json.loads((home / "search" / "a" / "result.json").read_text())
    assert result["status"] == "finished"
    assert [trial["status"] for trial in result["trials"]] == ["completed"] * trials
    assert len({trial["id"] for trial in result["trials"]}) == trials
    return result


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def fork_server_of(process):
    (server,) = [pid for pid in processes_of(process.pid) if processes_of(pid)]
    return server


@needs_proc
@pytest.mark.slow
def test_workers_that_die_or_hang_are_started_again_and_get_their_trials_back(tmp_path):
    code = (
        "import sys; from vgg_keras.tuning import workers; workers.LOST_SECONDS = 15\n"
        "from vgg_keras import cli; sys.exit(cli.main(sys.argv[1:]))"
    )
    process = start(tmp_path, *FOUR, "--workers", "2", program=["-c", code])
    wait_for(lambda: workers_in_trials(tmp_path))
    killed, hanging = processes_of(fork_server_of(process))
    os.kill(killed, signal.SIGKILL)
    os.kill(hanging, signal.SIGSTOP)
    _, error = process.communicate(timeout=LONG)
    assert process.returncode == 0, error
    assert not alive(hanging)
    completed(tmp_path)


STARTS = """
import os, sys
from vgg_keras import cli
from vgg_keras.tuning import workers
workers.LOST_SECONDS = 15
start = workers.Workers._start
def noted(self, name):
    with open(os.environ["STARTS"], "a") as file:
        file.write(name + chr(10))
    return start(self, name)
workers.Workers._start = noted
sys.exit(cli.main(sys.argv[1:]))
"""


def beats(home):
    project = home / "search" / "a" / "tuner"
    return {
        path.stem: read_status(project, path.stem).beat for path in project.glob("workers/*.json")
    }


@needs_proc
@pytest.mark.slow
def test_a_search_that_was_stopped_for_long_goes_on_with_the_same_workers(tmp_path, monkeypatch):
    starts = tmp_path / "starts"
    monkeypatch.setenv("STARTS", str(starts))
    process = start(tmp_path, *FOUR, "--workers", "2", program=["-c", STARTS])
    wait_for(lambda: workers_in_trials(tmp_path))
    group = [process.pid, *processes_of(process.pid)]
    for pid in group:
        os.kill(pid, signal.SIGSTOP)
    before = beats(tmp_path)
    time.sleep(17)
    for pid in group:  # the launcher first, which looks at workers that do not yet go on
        os.kill(pid, signal.SIGCONT)
        time.sleep(2 if pid == process.pid else 0)
    wait_for(lambda: beats(tmp_path) != before)
    _, error = process.communicate(timeout=LONG)
    assert process.returncode == 0, error
    assert len(starts.read_text().splitlines()) == 2
    completed(tmp_path)


@needs_proc
@pytest.mark.slow
def test_when_the_fork_server_dies_its_workers_are_started_again(tmp_path):
    process = start(tmp_path, *FOUR, "--workers", "2")
    wait_for(lambda: workers_in_trials(tmp_path))
    os.kill(fork_server_of(process), signal.SIGKILL)
    _, error = process.communicate(timeout=LONG)
    assert process.returncode == 0, error
    completed(tmp_path)


@needs_proc
@pytest.mark.slow
def test_when_the_launcher_ends_so_do_its_workers_and_the_search_goes_on_later(tmp_path):
    for number, status, more in ((signal.SIGKILL, -9, []), (signal.SIGINT, 130, ["--resume"])):
        process = start(tmp_path, *FOUR, "--workers", "2", *more)
        wait_for(lambda: workers_in_trials(tmp_path))
        started = processes_of(process.pid)
        assert len(started) >= 3
        process.send_signal(number)
        process.communicate(timeout=LONG)
        assert process.returncode == status
        wait_for(partial(all_ended, started))
        for path in (tmp_path / "search" / "a" / "tuner" / "workers").glob("*.json"):
            path.unlink()
    config = tmp_path / "search" / "a" / "config.json"
    assert in_process("search", "--config", config, "--resume", "--quiet") == 0
    completed(tmp_path)


@pytest.fixture
def chief_alone(tmp_path):
    """A chief without workers, and the options to join it."""
    address = f"127.0.0.1:{free_port()}"
    process = start(tmp_path, *FOUR, "--workers", "0", "--chief", address)
    home = tmp_path / "search" / "a"
    wait_for((home / "tuner" / "tuner0.json").is_file)
    return process, ["search", "--config", home / "config.json", "--join", address, "--quiet"]


@pytest.mark.slow
def test_a_chief_that_is_sent_garbage_serves_the_workers_of_another_machine_to_the_end(
    tmp_path, chief_alone
):
    process, join = chief_alone
    address = chief.Address.parse(join[-2], "--join")
    identity = read_identity(tmp_path / "search" / "a")
    with chief.open_channel(address, identity) as channel:
        for method, fields in GARBAGE.values():
            with pytest.raises(grpc.RpcError):
                Caller(channel)(method, **fields)
    assert in_process(*join, "--workers", "2") == 0
    _, error = process.communicate(timeout=LONG)
    assert process.returncode == 0, error
    completed(tmp_path)


@pytest.mark.slow
def test_a_worker_whose_chief_died_ends_in_bounded_time(tmp_path, chief_alone):
    process, join = chief_alone
    code = (
        "import sys; from vgg_keras.tuning import workers; workers.CHIEF_SECONDS = 10\n"
        "from vgg_keras import cli; sys.exit(cli.main(sys.argv[1:]))"
    )
    joined = subprocess.Popen(
        [sys.executable, "-c", code, *join, "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: workers_in_trials(tmp_path))
    process.kill()
    process.communicate()
    _, error = joined.communicate(timeout=LONG)
    assert joined.returncode == 3
    assert "no answer from the chief" in error


@pytest.mark.slow
def test_killed_and_interrupted_a_search_ends_as_if_undisturbed(searched, tmp_path):
    home = tmp_path / "search" / "a"
    for trial, number, status, more in (
        (1, signal.SIGKILL, -9, []),
        (2, signal.SIGTERM, 143, ["--resume"]),
    ):
        process = start(tmp_path, "--trainer", "fit", "--trials", "4", *more)
        state = home / "tuner" / f"trial_{trial}" / "trial.json"
        while not state.is_file():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        _, error = process.communicate(timeout=300)
        assert process.returncode == status
    assert json.loads((home / "result.json").read_text())["status"] == "interrupted"
    command = error.split("Go on with: vgg-keras ")[1].splitlines()[0].split()
    assert command[-1] == "--resume"
    assert cli.main([*command, "--quiet"]) == 0
    assert outcome(read_result(home)) == outcome(searched[0])
