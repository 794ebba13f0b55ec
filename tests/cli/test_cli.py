"""The program as a user runs it."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml
from PIL import Image
from programs import in_process, refused

from vgg_keras.runtime import machine

SMALL = ["--limit", "80", "--epochs", "1", "--filters", "4,8"]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"], ["--version"]], ids=str)
def test_help_needs_neither_tensorflow_nor_keras(arguments):
    code = (
        "import sys\nfrom vgg_keras.cli.program import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit as exit:\n    assert not exit.code\n"
        "print([m for m in ('tensorflow', 'keras', 'numpy', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_compare_prints_tables_and_verdict_and_nothing_of_tensorflow(tmp_path):
    options = ["--logdir", tmp_path, "--name", "a", "--notebook", "--require-identical"]
    done = subprocess.run(
        [sys.executable, "-m", "vgg_keras", "compare", *SMALL, *options],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert CONTROL.search(done.stdout) is None
    assert "Verdict: identical to the last bit" in done.stdout
    lines = done.stdout.splitlines()
    home = tmp_path / "compare" / "a"
    assert lines[-3:] == [
        f"Saved in {home}",
        f"Report: {home / 'report.html'}",
        f"Curves: tensorboard --logdir {home}",
    ]
    assert max(len(line) for line in lines[:-3] if "step - " not in line and "에" not in line) <= 80
    assert sum(line.startswith("에포크: 1, 손실: ") for line in lines) == 4
    published = (
        "에포크: 1, 손실: 0.13635, 정확도: 95.7317, 테스트 손실: 0.06965, "
        "테스트 정확도: 97.7100 (published)"
    )
    assert lines.count(published) == 2
    order = ["Comparing tape and fit: 2 trainings of 1 epoch, model mnist on mnist."]
    order += [
        "Trainer tape, seed 0",
        "52,662 parameters, 80 training and 13 test examples",
        "3/3 - ",
        "에포크: 1",
        "에포크: 1",
        "Trainer fit",
        "Verdict",
    ]
    rest = iter(lines)
    assert all(any(line.startswith(start) for line in rest) for start in order)
    result = json.loads((tmp_path / "compare" / "a" / "result.json").read_text())
    loss = f"{result['runs'][0]['history']['loss'][0]:.5f}"
    rows = [line.split() for line in lines if f" {loss} " in line]
    assert [row[:2] for row in rows] == [["1", "tape"], ["1", "fit"]]
    assert rows[0][-1] == rows[1][-1] == result["runs"][0]["digests"][0][:8]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["train"], "Training with tape: 5 epochs, model mnist on mnist.\n"),
        (["search", "--trials", "1"], "Searching for the best val_accuracy: 1 trial of 5 epochs"),
        (["benchmark"], "Timing tape, fit in alternation: 20 rounds, model mnist on mnist.\n"),
        (["predict", "a.keras", "b.png", "c.png"], "Classifying 2 images by a.keras.\n"),
        (["train", "--quiet"], ""),
        (["train", "--json"], ""),
    ],
    ids=str,
)
def test_what_will_be_done_is_said_before_tensorflow_is_imported(arguments, line):
    code = "import sys\nfrom vgg_keras.cli import main\nsys.modules['keras'] = None\n"
    code += f"main({arguments})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "import of keras halted" in done.stderr
    assert done.stdout.startswith(line)
    assert done.stdout if line else not done.stdout


@pytest.mark.parametrize("command", ["compare", "search"])
def test_the_scripts_of_a_checkout_are_the_same_program(pytestconfig, command):
    script = pytestconfig.rootpath / "scripts" / f"{command}.py"
    options = ["--epochs", "7", "--print_config"]
    done = subprocess.run([sys.executable, script, *options], capture_output=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout == subprocess.check_output(
        [sys.executable, "-m", "vgg_keras", command, *options], timeout=60
    )
    assert yaml.safe_load(done.stdout)["epochs"] == 7


@pytest.mark.parametrize("command", ["train", "compare", "search", "benchmark"])
def test_options_are_parsed_where_python_has_stripped_docstrings_and_assertions(command):
    arguments = [command, "--epochs", "7", "--print_config"]
    done = subprocess.run(
        [sys.executable, "-OO", "-m", "vgg_keras", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["epochs"] == 7


def test_the_config_that_is_printed_can_be_given_back(tmp_path, capsys):
    with pytest.raises(SystemExit):
        in_process("train", "--print_config", "--filters", "8,16", "--class-weight", "{0: 2.0}")
    text = capsys.readouterr().out
    printed = yaml.safe_load(text)
    assert printed["filters"] == "8,16"
    assert printed["class_weight"] == {"0": 2.0}
    assert printed["batch_size"] == 32
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(SystemExit):
        in_process("train", "--config", tmp_path / "config.yaml", "--epochs", "7", "--print_config")
    assert yaml.safe_load(capsys.readouterr().out) == {**printed, "epochs": 7}


@pytest.mark.slow
def test_a_runs_own_config_repeats_it_and_json_is_the_only_output(tmp_path, capfd):
    options = [*SMALL, "--class-weight", "{3: 2.0}", "--logdir", tmp_path]
    assert in_process("train", *options, "--name", "a", "--json") == 0
    output = capfd.readouterr()
    assert "3/3" in output.err
    first = json.loads(output.out)
    config = tmp_path / "train" / "a" / "config.json"
    assert in_process("train", "--config", config, "--name", "b", "--json") == 0
    second = json.loads(capfd.readouterr().out)
    assert first["runs"][0]["digests"] == second["runs"][0]["digests"]
    assert second["config"] == {**first["config"], "name": "b"}


def test_the_quick_config_that_is_printed_can_be_given_back(tmp_path, capsys):
    with pytest.raises(SystemExit):
        in_process("compare", "--quick", "--print_config")
    text = capsys.readouterr().out
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(SystemExit):
        in_process("compare", "--config", tmp_path / "config.yaml", "--print_config")
    assert yaml.safe_load(capsys.readouterr().out) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--quick"], (6000, 2)),
        (["--quick", "--epochs", "5"], (6000, 5)),
        (["--limit", "10", "--quick"], (10, 2)),
        ([], (None, 5)),
    ],
    ids=str,
)
def test_quick_changes_defaults_only(capsys, arguments, expected):
    with pytest.raises(SystemExit):
        in_process("compare", *arguments, "--print_config")
    printed = yaml.safe_load(capsys.readouterr().out)
    assert (printed["limit"], printed["epochs"]) == expected


@pytest.mark.slow
def test_a_difference_shows_in_the_exit_status(tmp_path, monkeypatch, capsys):
    from vgg_keras import trainers

    def other_weights(model, *rest):
        model.stack[0].bias.assign(np.ones(4))
        return trainers.fit.train(model, *rest)

    monkeypatch.setitem(trainers.TRAINERS, "fit", other_weights)
    assert in_process("compare", *SMALL, "--logdir", tmp_path, "--require-identical") == 1
    assert (
        "Verdict: tape and fit diverge in epoch 1 of seed 0, stage initial."
        in capsys.readouterr().out
    )


@pytest.mark.slow
def test_saved_models_are_evaluated_and_predict(compared, tmp_path, capsys, digits):
    result, directory = compared
    assert in_process("evaluate", directory, "--json") == 0  # on the run's own test images
    output = capsys.readouterr()
    assert "Data: 13 test images of mnist" in output.err
    evaluations = json.loads(output.out)
    assert evaluations == {
        str(directory / run.trainer / f"seed-{run.seed}" / "model.keras"): run.test.to_dict()
        for run in result["runs"]
    }

    model = directory / "fit" / "seed-0" / "model.keras"
    images = [tmp_path / f"{index}.png" for index in range(len(digits.x_test))]
    for path, pixels in zip(images, digits.x_test, strict=True):
        Image.fromarray(pixels[..., 0]).save(path)
    assert in_process("predict", model, *images, "--json") == 0
    predictions = json.loads(capsys.readouterr().out)
    classes = [predictions[str(path)]["class"] for path in images]
    correct = int(np.sum(np.array(classes) == digits.y_test))
    assert correct == result["runs"][0]["test"]["correct"]
    assert in_process("predict", model, images[0]) == 0
    assert str(classes[0]) in capsys.readouterr().out

    (tmp_path / "text.png").write_text("no image")
    assert "expected an image" in refused(capsys, "predict", model, tmp_path / "text.png")
    assert "choose one" in refused(capsys, "predict", directory, images[0])
    content = model.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    for broken in (content[:1000], bytes(flipped), b""):
        (tmp_path / "broken.keras").write_bytes(broken)
        assert "expected a saved model" in refused(capsys, "evaluate", tmp_path / "broken.keras")


@pytest.mark.slow
def test_a_failure_of_the_program_is_not_mistaken_for_a_difference(tmp_path, monkeypatch, capsys):
    from vgg_keras import trainers

    def failing(*_):
        raise ZeroDivisionError("planted")

    monkeypatch.setitem(trainers.TRAINERS, "fit", failing)
    assert in_process("compare", *SMALL, "--logdir", tmp_path, "--name", "a") == 3
    assert "ZeroDivisionError: planted" in capsys.readouterr().err
    result = json.loads((tmp_path / "compare" / "a" / "result.json").read_text())
    assert result["status"] == "failed"


def test_interrupt_ends_with_130(tmp_path, monkeypatch, capsys):
    from vgg_keras import trainers

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(trainers.TRAINERS, "fit", interrupted)
    assert in_process("compare", *SMALL, "--logdir", tmp_path, "--name", "a") == 130
    how, what = capsys.readouterr().err.splitlines()
    assert how.startswith("Go on with: vgg-keras compare --config ")
    assert what == "vgg-keras: interrupted"
    result = json.loads((tmp_path / "compare" / "a" / "result.json").read_text())
    assert result["status"] == "interrupted"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_there_is_a_progress_bar_and_no_start_up_chatter(tmp_path):
    """Also where Python has stripped docstrings and assertions, by `-OO`."""
    import pty

    screen, terminal = pty.openpty()
    with subprocess.Popen(
        [
            *(sys.executable, "-OO", "-m", "vgg_keras", "train", *SMALL),
            *("--epochs", "2", "--logdir", tmp_path),
        ],
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"},
    ) as process:
        os.close(terminal)
        output = b""
        try:
            while chunk := os.read(screen, 4096):
                output += chunk
        except OSError:  # Linux ends a pseudo-terminal with an error
            pass
    os.close(screen)
    assert process.returncode == 0
    text = output.decode()
    assert "Epoch 1/2" in text
    assert "━" in text
    for chatter in ("oneDNN", "CUDA", "cuda", "absl", "rebuild TensorFlow"):
        assert chatter not in text


@pytest.mark.parametrize(
    ("flags", "lacks"), [("sse avx512f", True), ("sse avx512_bf16", False), ("", False)]
)
def test_a_processor_without_instructions_for_bfloat16_is_recognized(monkeypatch, flags, lacks):
    monkeypatch.setattr(machine, "processor", lambda: {"flags": flags})
    assert machine.lacks_bfloat16() is lacks


@pytest.mark.parametrize("lacks", [True, False])
def test_bfloat16_is_warned_of_on_a_processor_without_instructions_for_it(
    monkeypatch, capsys, tmp_path, lacks
):
    monkeypatch.setattr(machine, "lacks_bfloat16", lambda: lacks)
    (tmp_path / "train" / "taken").mkdir(parents=True)
    place = ["--logdir", tmp_path, "--name", "taken"]
    assert in_process("train", *SMALL, "--precision", "bfloat16", *place) == 2
    assert ("no instructions for bfloat16" in capsys.readouterr().err) is lacks


@pytest.mark.slow
def test_a_tilde_is_the_home_folder_in_every_path(tmp_path, monkeypatch, capsys, digits):
    monkeypatch.setenv("HOME", str(tmp_path))
    (x_train, y_train), (x_test, y_test) = digits
    np.savez(tmp_path / "own.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    (tmp_path / "my.py").write_text("from vgg_keras.trainers.fit import train")
    (tmp_path / "my.yaml").write_text("dataset: ~/own.npz\nlogdir: ~/logs\nepochs: 1\nfilters: 4,8")
    Image.fromarray(digits.x_test[0, ..., 0]).save(tmp_path / "digit.png")
    mine, model = ["--config=~/my.yaml", "--quiet"], "~/logs/train/a/model.keras"
    assert in_process("train", *mine, "--trainer=~/my.py:train", "--name=a") == 0
    assert (tmp_path / "logs" / "train" / "a" / "model.keras").is_file()
    assert in_process("compare", *mine, "--against=~/logs/train/a", "--variants=fit") == 0
    assert "identical to the last bit" in capsys.readouterr().out
    assert in_process("train", *mine, "--from=~/logs/train/a", "--name=b") == 0
    assert in_process("evaluate", "~/logs/train/a", "--dataset=~/own.npz") == 0
    assert in_process("evaluate", model) == 0
    assert in_process("predict", model, "~/digit.png") == 0
    assert in_process("report", "~/logs/train/a") == 0
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "~who/a"],
        ["report", "~who/a"],
        ["predict", "~who/a", "a.png"],
        ["train", "--from", "~who/a"],
        ["train", "--dataset", "~who/a.npz"],
        ["train", "--model", "~who/a.py:make"],
        ["compare", "--against", "~who/a"],
    ],
    ids=str,
)
def test_the_home_folder_of_someone_unknown_is_refused_in_one_line(capsys, arguments):
    assert "~who/a" in refused(capsys, *arguments)


def without_reader(*arguments, **options):
    """The exit status and the standard error of the program, whose output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "vgg_keras", *map(str, arguments)],
        stdout=writer,
        **{"stderr": subprocess.PIPE, **options},
        text=True,
        timeout=200,
    )
    os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--help"], ["train", "--print_config"]], ids=str)
def test_output_that_nobody_reads_ends_the_program_quietly(monkeypatch, arguments, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    assert without_reader(*arguments) == (141, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_error_that_nobody_reads_ends_the_program_quietly(monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    assert without_reader("compere", stderr=subprocess.STDOUT)[0] == 141


def test_an_output_that_cannot_be_written_is_refused_in_one_line():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "vgg_keras", "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("vgg-keras: output: expected standard output")
    assert len(done.stderr.splitlines()) == 1


def test_a_program_that_is_started_without_output_works():
    command = f"{sys.executable} -m vgg_keras --help >&-"
    done = subprocess.run(command, shell=True, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_tables_and_reports_that_nobody_reads_end_the_program_quietly(compared, command):
    assert without_reader(command, compared[1]) == (141, "")


@pytest.mark.slow
def test_a_training_whose_output_is_not_read_any_more_can_be_resumed(tmp_path):
    place = ["--logdir", tmp_path, "--name", "a"]
    first_heard_in_the_training = ["--quiet", "--notebook"]
    status, error = without_reader("train", *SMALL, *place, *first_heard_in_the_training)
    home = tmp_path / "train" / "a"
    assert status == 141
    assert error == f"Go on with: vgg-keras train --config {home / 'config.json'} --resume\n"
    assert json.loads((home / "result.json").read_text())["status"] == "interrupted"
    assert in_process("train", *SMALL, *place, "--resume") == 0
    assert json.loads((home / "result.json").read_text())["status"] == "finished"
