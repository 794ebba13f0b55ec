"""What the launcher of workers asks for, says and refuses; no worker is started."""

import os
import socket
import time
from dataclasses import asdict, replace

import pytest
from rich.console import Console
from searches import small_oracle

from vgg_keras import SearchConfig, cli
from vgg_keras.errors import InputError
from vgg_keras.runs.files import write_json
from vgg_keras.tuning import chief, progress, status
from vgg_keras.tuning.display import Display, pace
from vgg_keras.tuning.status import Silence, Status, status_file
from vgg_keras.tuning.workers import count_workers


def test_a_worker_that_was_started_again_is_not_silent(tmp_path):
    silence, path = Silence(tmp_path), status_file(tmp_path, "a")
    path.parent.mkdir()
    progress.Progress(path, "val_accuracy").begin("0", 0)
    silence.seconds("a")
    time.sleep(0.3)
    assert silence.seconds("a") >= 0.3
    progress.Progress(path, "val_accuracy").begin("0", 0)
    assert silence.seconds("a") == 0


def test_time_in_which_the_watcher_itself_stood_still_is_no_silence(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(status.time, "monotonic", lambda: now[0])
    silence = Silence(tmp_path)
    assert silence.seconds("a") == 0
    for _ in range(3):
        now[0] += 3600
        assert silence.seconds("a") <= 3 * status.LOOK_SECONDS
    for _ in range(1000):
        now[0] += 0.5
        silence.seconds("a")
    assert silence.seconds("a") == 500 + 3 * status.LOOK_SECONDS


@pytest.mark.slow
def test_a_training_that_makes_no_step_for_long_counts_as_silent(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS", 0.01)
    monkeypatch.setattr(progress, "STUCK_SECONDS", 0.5)
    silence = Silence(tmp_path)
    reporter = progress.Progress(status_file(tmp_path, "a"), "val_accuracy")
    reporter.set_params({"steps": 1, "epochs": 1})
    with reporter.reported():
        reporter.begin("0", 0)
        reporter.on_train_begin()
        while silence.seconds("a") < 0.3:
            time.sleep(0.01)
        reporter.on_train_batch_end(0)
        while silence.seconds("a") > 0:
            time.sleep(0.01)
        reporter.end()
        time.sleep(0.7)
        silence.seconds("a")
        while silence.seconds("a") > 0:
            time.sleep(0.01)


def test_a_port_in_use_and_a_chief_out_of_reach_are_named_and_nothing_is_written(
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
    with pytest.raises(InputError, match=r"join: expected a chief at 127\.0\.0\.1:1, received no"):
        chief.check_chief(chief.Address("127.0.0.1", 1), "a")


def test_each_worker_has_a_line_with_its_trial_epoch_score_and_time_left(tmp_path, capsys):
    folder = tmp_path / "tuner" / "workers"
    folder.mkdir(parents=True)
    training = Status("7", epoch=1, epochs=5, score=0.98765, seconds_left=12.3)
    for name, value in {"a": training, "b": Status("8"), "c": Status()}.items():
        write_json(folder / f"{name}.json", asdict(value))
    write_json(folder / "killed.json", asdict(training))
    os.utime(folder / "killed.json", (0, 0))
    Console(width=100).print(Display(tmp_path, SearchConfig(), 1)._workers())
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "a trial 7 epoch 2 of 5 val_accuracy 0.9877 12 s left",
        "b trial 8 starting",
        "c idle",
    ]


def test_a_trial_that_ended_without_a_word_is_shown_as_failed(tmp_path, capsys):
    oracle = small_oracle(tmp_path)
    trial = oracle.create_trial("a")
    trial.status = "FAILED"
    oracle.end_trial(trial)
    Display(tmp_path, SearchConfig(), 2).show_trial(trial, oracle)
    assert capsys.readouterr().out.endswith(": failed\n")


@pytest.mark.parametrize(
    ("seconds", "left", "workers", "said"),
    [
        (22, 9, 1, "About 22 s a trial, 3 min for the 9 that are left"),
        (22, 9, 2, "2 workers: about 22 s a trial each, 99 s for the 9 that are left"),
        (3, 9, 2, "2 workers: about 3 s a trial each, 14 s for the 9 that are left; without "),
        (22, 0, 2, "2 workers: about 22 s a trial each"),
    ],
)
def test_the_pace_of_a_search_is_said_in_words(seconds, left, workers, said):
    assert pace(seconds, left, workers).startswith(said)
    assert ("ends sooner" in pace(seconds, left, workers)) is (seconds == 3)


def test_a_status_that_is_none_is_as_good_as_none(tmp_path):
    path = status_file(tmp_path, "a")
    path.parent.mkdir()
    for content in ("", "[]", '{"x": 1}', '{"beat": NaN}'):
        path.write_text(content)
        assert status.read_status(tmp_path, "a") == Status()
    path.unlink()
    os.mkfifo(path)
    assert status.read_status(tmp_path, "a") == Status()


@pytest.mark.parametrize("address", ["", "host", "host:", ":5000", "host:0", "host:65536", "h:x"])
def test_an_address_is_a_host_and_a_port(address):
    with pytest.raises(InputError, match="chief: expected HOST:PORT"):
        chief.Address.parse(address, "--chief")


@pytest.mark.parametrize(("trials", "count"), [(40, 4), (3, 3), (1, 1)])
def test_auto_is_as_many_workers_as_there_are_cores_and_trials(monkeypatch, capsys, trials, count):
    monkeypatch.setattr("vgg_keras.tuning.workers.cores", lambda: 4)
    config = SearchConfig(workers="auto", trials=trials)
    assert count_workers(config, verbose=0) == count
    assert capsys.readouterr().out == ""
    assert count_workers(config, verbose=1) == count
    assert capsys.readouterr().out == f"{count} workers share 4 cores\n"
    assert count_workers(replace(config, algorithm="hyperband"), verbose=0) == 4


def test_more_workers_than_cores_are_warned_of_and_none_are_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("vgg_keras.tuning.workers.cores", lambda: 2)
    assert count_workers(SearchConfig(workers=500), 0) == 500
    warnings = capsys.readouterr().err
    assert "500 workers share 2 cores: slower than with one for each" in warnings
    assert "500 workers share 10 trials: some will have none" in warnings
    assert cli.main(["search", "--logdir", str(tmp_path / "x"), "--workers", "0"]) == 2
    assert "--workers: expected at least 1 without --chief" in capsys.readouterr().err


def test_a_worker_machine_neither_resumes_nor_is_a_chief(tmp_path, capsys):
    options = ["--join", "127.0.0.1:1", "--resume", "--logdir", str(tmp_path / "x")]
    assert cli.main(["search", *options]) == 2
    assert "--join: expected neither --resume nor --chief" in capsys.readouterr().err
