"""Bad input is refused in one line, with exit status 2; nothing is written or lost."""

import numpy as np
import pytest
from programs import refused

SMALL = ["--limit", "80", "--epochs", "1", "--filters", "4,8"]


BAD_USAGE = {
    "no command": ([], "subcommand"),
    "unknown command": (["compere"], "compere"),
    "unknown option": (["compare", "--epoch", "3"], "--epoch"),
    "no number": (["compare", "--epochs", "x"], "epochs"),
    "zero epochs": (["compare", "--epochs", "0"], "--epochs: expected a number from 1 to"),
    "negative batch": (["compare", "--batch-size", "-3"], "--batch-size: expected a number from 1"),
    "huge batch": (["compare", "--batch-size", "9" * 20], "--batch-size: expected a number from 1"),
    "zero filters": (["compare", "--filters", "0"], "--filters: expected filter counts from 1"),
    "no filters": (["compare", "--filters", "a,b"], "--filters: expected numbers such as 32,64"),
    "zero seeds": (["compare", "--seeds", "0"], "--seeds: expected a number from 1"),
    "negative limit": (["train", "--limit", "-1"], "--limit: expected a number from 1"),
    "unknown model": (["compare", "--model", "vgg12"], "vgg12"),
    "unknown precision": (["compare", "--precision", "int8"], "int8"),
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
