"""A training killed at any moment goes on, and ends with the bits of an undisturbed one."""

import contextlib
import io
import json
import signal
import subprocess
import sys

import jsonschema
import keras
import numpy as np
import pytest
from comparisons import SCHEMA
from programs import in_process, refused
from trainings import SMALL, STEPS, Crash, CrashAt, curves, outcome, run, undisturbed

from vgg_keras import compare
from vgg_keras.cli.terminal import show_verdict
from vgg_keras.errors import InputError
from vgg_keras.trainers import fit
from vgg_keras.training.state_files import load_state, save_state
from vgg_keras.training.training import Training


def breaking(crashes, step):
    """Makes a trainer that crashes after a step as often as is said, the last first."""

    def train(model, data, config, callbacks, verbose):
        crash = [CrashAt(step)] if crashes.pop() else []
        return fit.train(model, data, config, [*callbacks, *crash], verbose)

    return train


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trainer", "crash", "options"),
    [
        ("tape", STEPS + 3, {}),
        ("fit", STEPS + 4, {"save_every": 2}),
        ("fit", STEPS + 5, {"save_every": 2, "steps_per_execution": 3}),
        ("tape", 3 + 2, {"save_every": 1, "limit": 80, "precision": "float16"}),
    ],
)
def test_a_training_goes_on_with_the_same_bits(tmp_path, trainer, crash, options):
    with pytest.raises(Crash):
        run(tmp_path, "a", crash, trainer=trainer, **options)
    run(tmp_path, "a", resume=True, trainer=trainer, **options)
    home = tmp_path / "train" / "a"
    unsaved = {name: value for name, value in options.items() if name != "save_every"}
    assert outcome(home) == undisturbed(**unsaved)
    assert not list(home.glob("state*"))


def keras_callbacks(home):
    return [
        keras.callbacks.ReduceLROnPlateau("val_loss", patience=2, min_delta=10.0, factor=0.5),
        keras.callbacks.EarlyStopping(
            "val_loss", patience=4, min_delta=10.0, restore_best_weights=True
        ),
        keras.callbacks.ModelCheckpoint(home, monitor="val_loss", mode="max", save_best_only=True),
    ]


@pytest.fixture(scope="module")
def with_callbacks(tmp_path_factory):
    """The folder of a training with callbacks of Keras that nothing disturbs."""
    home = tmp_path_factory.mktemp("whole")
    run(home, "whole", callbacks=keras_callbacks(home / "best.keras"), epochs=9)
    return home


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["tape", "fit"])
def test_callbacks_of_keras_remember_what_they_have_seen(tmp_path, trainer, with_callbacks):
    # Nothing gets better by 10: the rate falls after epoch 3, training ends after epoch 5, and the
    # highest test loss is that of an early epoch, whose file must not be overwritten.
    model, options = tmp_path / "best.keras", {"trainer": trainer, "epochs": 9}
    with pytest.raises(Crash):
        run(tmp_path, "a", 2 * STEPS + 1, callbacks=keras_callbacks(model), **options)
    written = model.read_bytes()
    run(tmp_path, "a", resume=True, callbacks=keras_callbacks(model), **options)
    figures = outcome(tmp_path / "train" / "a")
    assert figures == outcome(with_callbacks / "train" / "whole")
    assert len(figures[0][0]) == 5
    assert model.read_bytes() == written
    models = model, with_callbacks / "best.keras"
    best = [keras.models.load_model(path).get_weights() for path in models]
    assert all(np.array_equal(a, b) for a, b in zip(*best, strict=True))


class Diary(keras.callbacks.Callback):
    """Writes down each hook, and does something when it has written one for the first time."""

    remembered = ("entries",)

    def __init__(self, at=None, action=None):
        super().__init__()
        self.entries, self._at, self._action = [], at, action

    def _write(self, *entry):
        self.entries.append(list(entry))
        if entry == self._at:
            self._at = None
            self._action()


for _hook in ("train_begin", "test_begin", "test_end"):
    setattr(Diary, f"on_{_hook}", lambda self, logs=None, hook=_hook: self._write(hook))
for _hook in ("epoch_begin", "epoch_end", "train_batch_begin", "train_batch_end"):
    setattr(Diary, f"on_{_hook}", lambda self, n, logs=None, hook=_hook: self._write(hook, n))
Diary.on_test_batch_end = lambda self, n, logs=None: self._write("test_batch_end", n)


DIARY = {"epochs": 2, "save_every": 2}


@pytest.fixture(scope="module")
def undisturbed_entries(tmp_path_factory):
    whole = Diary()
    run(tmp_path_factory.mktemp("whole"), "whole", callbacks=[whole], **DIARY)
    return whole.entries


def crash():
    raise Crash


def stop():
    signal.raise_signal(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trainer", "at", "action"),
    [
        ("tape", ("train_batch_end", 5), crash),
        ("tape", ("epoch_end", 0), crash),
        ("fit", ("test_begin",), stop),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_list_that_a_callback_remembers_has_no_entry_twice(
    tmp_path, undisturbed_entries, trainer, at, action
):
    options, resumed = {"trainer": trainer, **DIARY}, Diary()
    with pytest.raises((Crash, KeyboardInterrupt)):
        run(tmp_path, "a", callbacks=[Diary(at, action)], **options)
    run(tmp_path, "a", resume=True, callbacks=[resumed], **options)
    assert resumed.entries == undisturbed_entries


@pytest.mark.slow
def test_more_epochs_may_be_asked_for_until_the_training_is_finished(tmp_path):
    with pytest.raises(Crash):
        run(tmp_path, "a", STEPS + 1, epochs=2)
    with pytest.raises(InputError, match=r"callbacks: expected .*CrashAt.* received .*Terminate"):
        run(tmp_path, "a", resume=True, epochs=2, callbacks=[keras.callbacks.TerminateOnNaN()])
    with pytest.raises(InputError, match=r"epochs: expected 2, as when .* or more, received 1"):
        run(tmp_path, "a", resume=True, epochs=1)
    result = run(tmp_path, "a", resume=True, epochs=3)
    home = tmp_path / "train" / "a"
    assert outcome(home) == undisturbed()
    with pytest.raises(InputError, match=r"epochs: expected 3, as when .*started, received 4"):
        run(tmp_path, "a", resume=True, epochs=4)
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    assert run(tmp_path, "a", resume=True) == result
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


@pytest.mark.slow
def test_what_cannot_be_resumed_is_refused_in_a_line(tmp_path, capsys):
    options = ["--limit", "80", "--epochs", "1", "--filters", "4", "--quiet"]
    place = ["--logdir", tmp_path, "--name", "a"]
    assert "expected a run in" in refused(capsys, "train", *options, *place, "--resume")
    assert in_process("train", *options, *place) == 0
    capsys.readouterr()
    line = refused(capsys, "train", *options, *place, "--resume", "--seed", "1")
    assert "--seed: expected 0, as when it was started, received 1" in line
    assert "--name: expected the run" in refused(capsys, "train", *options, "--resume")
    assert "exists as" in refused(capsys, "train", *options, *place)
    config = tmp_path / "train" / "a" / "config.json"
    assert in_process("train", "--config", config, "--resume", "--quiet") == 0
    config.write_text(json.dumps({**json.loads(config.read_text()), "devices": 2}))
    line = refused(capsys, "train", *options, *place, "--resume")
    assert "--resume: expected the 2 devices among which each batch was shared" in line


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """A comparison that was broken in its second training, and resumed on another machine.

    Returns:
        Its result, its folder, the run that it had kept, the environment that it was resumed in,
        and what was printed then.
    """
    logs, crashes = tmp_path_factory.mktemp("logs"), [False, True]
    options = {**SMALL, "logdir": logs, "name": "a", "verbose": 0}
    options["trainers"] = {"tape": "tape", "fit": breaking(crashes, STEPS + 1)}
    with pytest.raises(Crash):
        compare(**options)
    file = logs / "compare" / "a" / "result.json"
    broken = json.loads(file.read_text())
    environment = dict(broken["environment"])
    packages = {**environment["packages"], "numpy": "1.0"}
    broken["environment"] |= {"cores": 64, "system": "another kernel", "packages": packages}
    file.write_text(json.dumps(broken))
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        result = compare(**options, resume=True)
    (kept,) = broken["runs"]
    return result, file.parent, kept, environment, printed.getvalue()


@pytest.mark.slow
def test_a_comparison_goes_on_with_the_training_that_was_broken(resumed):
    result, home, kept, *_ = resumed
    assert result.runs[0].to_dict() == kept
    assert result["parity"]["verdict"] == "identical"
    for entry in result["runs"]:
        (digests, *_), points, _ = undisturbed()
        assert entry["digests"] == digests
        assert curves(home / entry["trainer"] / "seed-0") == points
    assert not list(home.rglob("state*"))


@pytest.mark.slow
def test_a_run_that_goes_on_on_another_machine_says_what_has_changed(resumed, capsys):
    result, home, _, environment, printed = resumed
    now = environment["cores"], environment["packages"]["numpy"]
    assert "started with other values of cores, numpy" in printed
    assert result.changed == {"cores": [64, now[0]], "numpy": ["1.0", now[1]]}
    jsonschema.validate(result.to_dict(), SCHEMA)
    assert f"cores: 64 before, {now[0]} now." in (home / "report.html").read_text()
    show_verdict(result)
    assert "numpy: 1.0 before" in capsys.readouterr().out


STATE = {"epoch": 1, "figures": [0.1, float("inf"), None], "arrays": [np.arange(3.0), np.uint8(7)]}


def test_a_state_is_read_as_it_was_written(tmp_path):
    assert load_state(tmp_path) is None
    save_state(tmp_path, STATE)
    state = load_state(tmp_path)
    assert [array.tolist() for array in state.pop("arrays")] == [[0, 1, 2], 7]
    assert state == {"epoch": 1, "figures": STATE["figures"]}


@pytest.mark.parametrize("damage", ["truncated", "empty", "a bit", "gone"])
def test_a_damaged_state_gives_way_to_the_one_before_it(tmp_path, damage):
    for epoch in range(3):
        save_state(tmp_path, {**STATE, "epoch": epoch})
    newest, previous = tmp_path / "state.npz", tmp_path / "state-previous.npz"
    whole = newest.read_bytes()
    half = len(whole) // 2
    flipped = whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]
    if damage == "gone":
        newest.unlink()
    else:
        newest.write_bytes({"truncated": whole[:half], "empty": b"", "a bit": flipped}[damage])
    assert load_state(tmp_path)["epoch"] == 1
    previous.write_bytes(b"")
    if damage != "gone":
        with pytest.raises(InputError, match="resume: expected a state that can be read"):
            load_state(tmp_path)


def test_a_state_that_was_edited_is_not_read(tmp_path):
    save_state(tmp_path, STATE)
    arrays = dict(np.load(tmp_path / "state.npz"))
    np.savez(tmp_path / "state.npz", **{**arrays, "0": arrays["0"] + 1})
    with pytest.raises(InputError, match="resume: expected a state that can be read"):
        load_state(tmp_path)


@pytest.mark.slow
def test_a_training_that_gets_the_state_of_another_model_is_left_as_it_was(tmp_path):
    for name, filters in (("a", [4]), ("b", [2])):
        with pytest.raises(Crash):
            run(tmp_path, name, STEPS + 1, filters=filters)
    home = tmp_path / "train" / "a"
    (home / "state.npz").write_bytes((tmp_path / "train" / "b" / "state.npz").read_bytes())
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="resume: expected the state of a training of this model"):
        run(tmp_path, "a", resume=True)
    assert {path: path.read_bytes() for path in before} == before


def test_a_run_has_one_writer(tmp_path, capsys):
    home = tmp_path / "train" / "a"
    home.mkdir(parents=True)
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom vgg_keras.runs.directory import acquire\n"
        "lock = acquire(Path(sys.argv[1]))\nprint('held', flush=True)\ntime.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", code, home], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        options = ["--logdir", tmp_path, "--name", "a", "--resume", "--quiet"]
        assert f"held by process {other.pid} on" in refused(capsys, "train", *options)
        other.kill()


@pytest.mark.slow
def test_killed_after_the_last_epoch_a_training_is_tested_again_only(tmp_path, monkeypatch):
    def crash(*_):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Training, "evaluate", crash)
        with pytest.raises(Crash):
            run(tmp_path, "a")
    run(tmp_path, "a", crash=1, resume=True)  # it would crash in the first step
    assert outcome(tmp_path / "train" / "a") == undisturbed()
