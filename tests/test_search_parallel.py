"""A search with worker processes: watched, bounded in every wait, and nobody left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console
from searches import run, start

from vgg_keras import SearchConfig, cli
from vgg_keras.errors import InputError
from vgg_keras.files import write_json
from vgg_keras.lists import Choices
from vgg_keras.tuning import chief, progress
from vgg_keras.tuning.display import Display
from vgg_keras.tuning.estimate import estimate
from vgg_keras.tuning.status import Silence, Status, read_status, status_file

FOUR = ["--trials", "4", "--quiet"]


def wait_for(condition, seconds=100):
    deadline = time.monotonic() + seconds
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
    """Process ids of all that a process has started, and they in turn."""
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


@pytest.mark.slow
def test_workers_run_the_trials_of_a_serial_search(searched, tmp_path):
    serial = searched[0]
    result = run(tmp_path, trainer="fit", trials=4, workers=2)
    assert [trial["values"] for trial in result["trials"]] == [
        trial["values"] for trial in serial["trials"]
    ]
    assert [trial["seeds"] for trial in result["trials"]] == [
        trial["seeds"] for trial in serial["trials"]
    ]
    assert result["best"]["score"] == max(trial["score"] for trial in result["trials"])
    assert result["config"]["workers"] == 2


def fork_server_of(process):
    (server,) = [pid for pid in processes_of(process.pid) if processes_of(pid)]
    return server


@needs_proc
@pytest.mark.slow
def test_workers_that_die_or_hang_are_started_again_and_get_their_trials_back(tmp_path):
    code = (
        "import sys; from vgg_keras.tuning import workers; workers.LOST_SECONDS = 10\n"
        "from vgg_keras import cli; sys.exit(cli.main(sys.argv[1:]))"
    )
    process = start(tmp_path, *FOUR, "--workers", "2", program=["-c", code])
    wait_for(lambda: workers_in_trials(tmp_path))
    killed, hanging = processes_of(fork_server_of(process))
    os.kill(killed, signal.SIGKILL)
    os.kill(hanging, signal.SIGSTOP)
    _, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    assert not alive(hanging)
    completed(tmp_path)


@needs_proc
@pytest.mark.slow
def test_when_the_fork_server_dies_its_workers_are_started_again(tmp_path):
    process = start(tmp_path, *FOUR, "--workers", "2")
    wait_for(lambda: workers_in_trials(tmp_path))
    os.kill(fork_server_of(process), signal.SIGKILL)
    _, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    completed(tmp_path)


def test_a_worker_that_was_started_again_is_not_silent(tmp_path):
    silence, path = Silence(tmp_path), status_file(tmp_path, "a")
    path.parent.mkdir()
    progress.Progress(path, "val_accuracy").begin("0", 0)
    silence.seconds("a")
    time.sleep(0.3)
    assert silence.seconds("a") >= 0.3
    progress.Progress(path, "val_accuracy").begin("0", 0)
    assert silence.seconds("a") == 0


def test_a_training_that_makes_no_step_for_long_counts_as_silent(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS", 0.01)
    monkeypatch.setattr(progress, "STUCK_SECONDS", 0.5)
    silence = Silence(tmp_path)
    told = progress.Progress(status_file(tmp_path, "a"), "val_accuracy")
    told.set_params({"steps": 1, "epochs": 1})
    with told.told():
        told.begin("0", 0)
        told.on_train_begin()
        while silence.seconds("a") < 0.3:
            time.sleep(0.01)
        told.on_train_batch_end(0)
        time.sleep(0.1)
        assert silence.seconds("a") < 0.1
        told.end()
        time.sleep(0.7)
        assert silence.seconds("a") < 0.3


@needs_proc
@pytest.mark.slow
def test_when_the_launcher_ends_so_do_its_workers_and_the_search_goes_on_later(tmp_path):
    options = [*FOUR, "--workers", "2"]
    for number, status in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        process = start(tmp_path, *options)
        wait_for(lambda: workers_in_trials(tmp_path))
        started = processes_of(process.pid)
        assert len(started) >= 3
        process.send_signal(number)
        process.communicate(timeout=30)
        assert process.returncode == status
        wait_for(partial(all_ended, started), seconds=10)
        options = [*FOUR, "--workers", "2", "--resume"]
        for path in (tmp_path / "search" / "a" / "tuner" / "workers").glob("*.json"):
            path.unlink()
    resumed = start(tmp_path, *options)
    _, error = resumed.communicate(timeout=200)
    assert resumed.returncode == 0, error
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
def test_workers_of_another_machine_join_by_the_address_of_the_chief(tmp_path, chief_alone):
    process, join = chief_alone
    joined = subprocess.run(
        [sys.executable, "-m", "vgg_keras", *join, "--workers", "2"],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert joined.returncode == 0, joined.stderr
    _, error = process.communicate(timeout=100)
    assert process.returncode == 0, error
    completed(tmp_path)


@pytest.mark.slow
def test_a_worker_whose_chief_died_ends_in_bounded_time(tmp_path, chief_alone):
    process, join = chief_alone
    code = (
        "import sys; from vgg_keras.tuning import workers; workers.CHIEF_SECONDS = 3\n"
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
    _, error = joined.communicate(timeout=120)
    assert joined.returncode == 3
    assert "no answer from the chief" in error


def test_a_port_in_use_and_a_chief_out_of_reach_are_told_and_nothing_is_written(
    tmp_path, capsys, monkeypatch
):
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = f"127.0.0.1:{server.getsockname()[1]}"
        arguments = [
            "search",
            "--limit",
            "200",
            "--logdir",
            str(tmp_path / "logs"),
            "--chief",
            taken,
        ]
        assert cli.main(arguments) == 2
    assert f"--chief: expected a free port of this machine, received {taken}" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "logs").exists()
    monkeypatch.setattr(chief, "REACH_SECONDS", 1)
    with pytest.raises(
        InputError, match=r"--join: expected a chief at 127\.0\.0\.1:1, received no"
    ):
        chief.check_chief(chief.Address("127.0.0.1", 1))


def test_each_worker_has_a_line_with_its_trial_epoch_score_and_time_left(tmp_path, capsys):
    folder = tmp_path / "tuner" / "workers"
    folder.mkdir(parents=True)
    training = Status("7", epoch=1, epochs=5, score=0.98765, seconds_left=12.3)
    for name, status in {"a": training, "b": Status("8"), "c": Status()}.items():
        write_json(folder / f"{name}.json", asdict(status))
    write_json(folder / "killed.json", asdict(training))
    os.utime(folder / "killed.json", (0, 0))
    Console(width=100).print(Display(tmp_path, SearchConfig(), 1)._workers())
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "a trial 7 epoch 2 of 5 val_accuracy 0.9877 12 s left",
        "b trial 8 starting",
        "c idle",
    ]


@pytest.mark.parametrize("address", ["", "host", "host:", ":5000", "host:0", "host:65536", "h:x"])
def test_an_address_is_a_host_and_a_port(address):
    with pytest.raises(InputError, match="--chief: expected HOST:PORT"):
        chief.Address.parse(address, "--chief")


def test_the_estimate_wants_workers_for_long_searches_and_none_for_one_trial(monkeypatch):
    monkeypatch.setattr("vgg_keras.tuning.estimate.cores", lambda: 4)
    long = SearchConfig(trials=40)
    seconds = estimate(long, 54000, (28, 28, 1))
    assert list(seconds) == [1, 2, 3, 4]
    assert seconds[4] < seconds[2] < seconds[1]
    assert list(estimate(SearchConfig(trials=1), 54000, (28, 28, 1))) == [1]
    wide = SearchConfig(trials=40, filters_choices=Choices([64, 128]))
    assert estimate(wide, 54000, (28, 28, 1))[1] > seconds[1]


def test_more_workers_than_cores_are_warned_of_and_none_are_refused(tmp_path, capsys):
    from vgg_keras.tuning.estimate import count_workers

    assert count_workers(SearchConfig(workers=500), None, 0) == 500
    assert "500 workers share" in capsys.readouterr().err
    assert cli.main(["search", "--logdir", str(tmp_path / "x"), "--workers", "0"]) == 2
    assert "--workers: expected at least 1 without --chief" in capsys.readouterr().err


def test_a_worker_machine_neither_resumes_nor_is_a_chief(tmp_path, capsys):
    options = ["--join", "127.0.0.1:1", "--resume", "--logdir", str(tmp_path / "x")]
    assert cli.main(["search", *options]) == 2
    assert "--join: expected neither --resume nor --chief" in capsys.readouterr().err
