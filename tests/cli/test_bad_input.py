"""Bad input is refused in one line, with exit status 2; nothing is written or lost."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny_vgg
from programs import refused
from trainings import STEPS, Crash, outcome, run, undisturbed

SMALL = ["--limit", "80", "--epochs", "1", "--filters", "4,8"]


BAD_USAGE = {
    "unknown command": (["compere"], "received compere; did you mean compare?"),
    "unknown option": (["compare", "--epoch", "3"], "received --epoch; did you mean --epochs?"),
    "unlike any option": (["train", "x"], "expected those of vgg-keras train --help, received x"),
    "no value": (["train", "--model"], "--model: expected text or a path, received none"),
    "no images": (["predict", "a.keras"], "expected IMAGES; see vgg-keras predict --help"),
    "no number": (["compare", "--epochs", "x"], "--epochs: expected a whole number, received x"),
    "no number or none": (["train", "--limit", "x"], "--limit: expected a whole number, received"),
    "no number or word": (["search", "--workers", "x"], "--workers: expected a whole number or au"),
    "no mapping": (["train", "--class-weight", "x"], "--class-weight: expected numbers such as"),
    "zero epochs": (["compare", "--epochs", "0"], "--epochs: expected a number from 1 to"),
    "negative batch": (["compare", "--batch-size", "-3"], "--batch-size: expected a number from 1"),
    "huge batch": (["compare", "--batch-size", "9" * 20], "--batch-size: expected a number from 1"),
    "zero filters": (["compare", "--filters", "0"], "--filters: expected filter counts from 1"),
    "no filters": (["compare", "--filters", "a,b"], "--filters: expected numbers such as 32,64"),
    "zero seeds": (["compare", "--seeds", "0"], "--seeds: expected a number from 1"),
    "negative limit": (["train", "--limit", "-1"], "--limit: expected a number from 1"),
    "unknown model": (["compare", "--model", "vgg12"], "vgg12"),
    "unknown precision": (
        ["compare", "--precision", "int8"],
        "--precision: expected one of float32, bfloat16, float16, received int8",
    ),
    "unknown data set": (["compare", "--dataset", "mnits"], "received mnits"),
    "missing file": (["compare", "--dataset", "none.npz"], "received none.npz"),
    "small image": (["compare", "--filters", "4,4,4,4,4"], "at least 32 x 32 pixels"),
    "name of a folder": (["compare", "--name", "../a"], "--name: expected the name of one folder"),
    "one variant": (["benchmark", "--variants", "tape"], "--variants: expected two variants"),
    "no variant": (
        ["benchmark", "--variants", "tape,fit:int8"],
        "--variants: expected one of tape, fit",
    ),
    "half a comparison": (["compare", "--variants", "fit"], "--variants: expected two that differ"),
    "three to compare": (["compare", "--variants", "tape,fit,fit:jit"], "two that differ"),
    "twice the same": (["compare", "--variants", "fit,fit:float32"], "two that differ"),
    "no trainer": (
        ["compare", "--variants", "tape,matmul"],
        "--variants: expected tape, fit, step or FILE.py:name, received matmul",
    ),
    "two against one": (
        ["compare", "--against", "logs", "--variants", "tape,fit"],
        "--variants: expected one with --against",
    ),
    "no saved run": (
        ["compare", "--against", "logs/compare/none"],
        "--against: expected the folder of a run of train or compare, received logs/compare/none",
    ),
    "XLA in a peer": (
        ["benchmark", "--peers", "torch:jit"],
        "--variants: expected torch, to which XLA",
    ),
    "not recorded": (["benchmark", "--histograms"], "--histograms: expected --recording beside it"),
    "unscaled": (
        ["benchmark", "--variants", "tape,bare-tape:float16"],
        "--precision: expected float32 or bfloat16 for bare-tape",
    ),
    "weights": (
        ["benchmark", "--variants", "tape,bare-fit", "--class-weight", "{1: 2.0}"],
        "--class-weight: expected none beside others than trainers",
    ),
    "few rounds": (["benchmark", "--rounds", "4"], "--rounds: expected a number from 5 to"),
    "long turns": (["benchmark", "--limit", "320", "--steps", "10"], "fewer than an epoch's 10"),
    "missing config": (["compare", "--config", "none.yaml"], "none.yaml"),
    "missing model": (["evaluate", "none.keras"], "received none.keras"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_USAGE.values(), ids=BAD_USAGE)
def test_bad_usage_is_refused_in_one_line_and_writes_nothing(
    tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"epochs: [",
        b"epoch: 3",
        b"epochs: many",
        b"epochs: null",
        b"dataset: null",
        b"quick: true",
        b"config: {epochs: 1}",
        b"filters: [1.5]",
        b"filters: {}",
        b"- 3",
        b"a: &a [*a]",
        b"filters: [&a [1], *a]",
        b"filters: " + b"[" * 5000,
        b"\0",
        b"\xff",
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_bad_config_file_is_refused_in_one_line(tmp_path, capsys, content):
    (tmp_path / "config.yaml").write_bytes(content)
    logs = tmp_path / "logs"
    config = tmp_path / "config.yaml"
    refused(capsys, "compare", *SMALL[:2], "--config", config, "--logdir", logs)
    assert not logs.exists()


def test_an_existing_run_is_never_overwritten(tmp_path, capsys):
    old = tmp_path / "compare" / "a"
    old.mkdir(parents=True)
    (old / "result.json").write_text("precious")
    line = refused(capsys, "compare", *SMALL, "--logdir", tmp_path, "--name", "a")
    assert "choose another name" in line
    assert [(file.name, file.read_text()) for file in old.iterdir()] == [
        ("result.json", "precious")
    ]


def test_a_log_folder_that_cannot_be_written_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("precious")
    refused(capsys, "compare", *SMALL, "--logdir", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"


def test_an_npz_that_cannot_be_used_is_named(tmp_path, capsys):
    np.savez(tmp_path / "own.npz", x_train=np.zeros((2, 8, 8), np.uint8))
    line = refused(
        capsys, "compare", "--dataset", tmp_path / "own.npz", "--logdir", tmp_path / "logs"
    )
    assert "no y_train, x_test, y_test" in line
    assert not (tmp_path / "logs").exists()


def fifo(path):
    os.mkfifo(path)


def listening_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.fixture(params=[fifo, listening_socket], ids=["pipe", "socket"])
def make_special(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    return request.param


SPECIAL = {
    "configuration": ("a.yaml", ["compare", "--config", "a.yaml"]),
    "data": ("a.npz", ["compare", "--dataset", "a.npz"]),
    "data by code": ("a.py", ["compare", "--dataset", "a.py:make"]),
    "code of a model": ("a.py", ["train", "--model", "a.py:make"]),
    "code of a trainer": ("a.py", ["train", "--trainer", "a.py:loop"]),
    "result": ("result.json", ["report", "."]),
    "result of a design": ("result.json", ["train", "--from", "."]),
    "saved run": ("result.json", ["compare", "--against", "."]),
    "model": ("model.keras", ["evaluate", "model.keras"]),
    "model in a folder": ("model.keras", ["evaluate", "."]),
    "run to resume": ("train/a/config.json", ["train", "--resume", "--name", "a"]),
    "run that has a result": ("train/a/result.json", ["train", "--resume", "--name", "a"]),
    "search to resume": ("search/a/config.json", ["search", "--resume", "--name", "a"]),
    "search that has a result": ("search/a/result.json", ["search", "--resume", "--name", "a"]),
    "search to join": ("search/a/result.json", ["search", "--join", "a:1", "--name", "a"]),
}


@pytest.mark.parametrize(("name", "arguments"), SPECIAL.values(), ids=SPECIAL)
def test_what_may_have_no_end_is_refused_and_not_read(
    tmp_path, capsys, make_special, name, arguments
):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    make_special(path)
    if "--name" in arguments:
        arguments = [*arguments, "--logdir", "."]
    line = refused(capsys, *arguments)
    assert name in line or path.parent.name in line
    assert [file for file in tmp_path.rglob("*") if not file.is_dir()] == [tmp_path / name]


def test_of_two_models_the_one_that_is_a_pipe_is_named(tmp_path, capsys):
    tiny_vgg().save(tmp_path / "a.keras")
    os.mkfifo(tmp_path / "b.keras")
    assert "b.keras: expected a saved model, received no regular" in refused(
        capsys, "evaluate", tmp_path, "--limit", 80
    )


@pytest.mark.slow
def test_a_state_that_is_a_pipe_is_passed_over_for_the_one_before(tmp_path):
    with pytest.raises(Crash):
        run(tmp_path, "a", crash=STEPS * 2 + 1)
    state = tmp_path / "train" / "a" / "state.npz"
    state.unlink()
    os.mkfifo(state)
    os.mkfifo(tmp_path / "train" / "a" / "events.out.tfevents.1")
    run(tmp_path, "a", resume=True)
    assert outcome(tmp_path / "train" / "a") == undisturbed()
