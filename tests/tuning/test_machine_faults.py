"""The fault of a machine ends a search, which goes on later; no design is blamed for it."""

import errno
import json
import shutil

import keras
import pytest
import tensorflow as tf
from programs import in_process
from searches import outcome, run, undisturbed_outcome

from vgg_keras.errors import InconclusiveError, InputError
from vgg_keras.training.training import Training
from vgg_keras.tuning import tuner
from vgg_keras.tuning.hypermodel import TrialModel

pytestmark = pytest.mark.slow


def saved(tmp_path):
    return json.loads((tmp_path / "search" / "a" / "result.json").read_text())


def in_second_trial(monkeypatch, owner, name, error):
    """Lets a method raise an error in the second of its calls."""
    original, calls = getattr(owner, name), []

    def failing(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise error
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, failing)


def lost(number):
    return OSError(number, "planted", "a file")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_is_full_or_fails_ends_the_search_and_the_trial_is_run_again(
    tmp_path, scripted, monkeypatch, number
):
    with monkeypatch.context() as patch:
        in_second_trial(patch, keras.Model, "save_weights", lost(number))
        with pytest.raises(InputError, match=r"logdir: expected a folder that can be .*plan"):
            run(tmp_path)
    result = saved(tmp_path)
    assert result["status"] == "failed"
    assert [trial["status"] for trial in result["trials"]] == ["completed"]
    assert outcome(run(tmp_path, resume=True)) == undisturbed_outcome()


def test_a_full_disk_is_named_in_one_line_with_how_to_go_on(
    tmp_path, scripted, monkeypatch, capsys
):
    in_second_trial(monkeypatch, keras.Model, "save_weights", lost(errno.ENOSPC))
    small = "--limit 200 --epochs 1 --trials 2 --convolutions-choices 1 --filters-choices 2,4,6"
    place = ["--dense-choices", "8", "--logdir", tmp_path, "--name", "a", "--quiet"]
    assert in_process("search", *small.split(), *place) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("--resume")


@pytest.mark.slow
def test_event_files_that_cannot_be_written_end_the_search(tmp_path, monkeypatch):
    full = tf.errors.ResourceExhaustedError(
        None, None, "a/events.out.tfevents.1; No space left on device"
    )
    in_second_trial(monkeypatch, keras.callbacks.TensorBoard, "on_epoch_end", full)
    with pytest.raises(InputError, match="No space left on device"):
        run(tmp_path, trainer="fit")
    monkeypatch.undo()
    assert [trial.status for trial in run(tmp_path, trainer="fit", resume=True).trials] == [
        "completed"
    ] * 3


def out_of_memory(kind):
    return kind("planted") if kind is MemoryError else kind(None, None, "planted")


@pytest.mark.parametrize("kind", [MemoryError, tf.errors.ResourceExhaustedError])
def test_memory_that_runs_out_once_before_a_step_fails_no_trial(
    tmp_path, scripted, monkeypatch, kind
):
    in_second_trial(monkeypatch, TrialModel, "build", out_of_memory(kind))
    assert outcome(run(tmp_path)) == undisturbed_outcome()


@pytest.mark.parametrize("kind", [MemoryError, tf.errors.ResourceExhaustedError])
def test_a_design_that_is_too_large_for_memory_twice_is_a_failed_trial(
    tmp_path, scripted, monkeypatch, kind
):
    original = TrialModel.build

    def build(self, hp):
        if hp.values["filters_1"] == 2 and hp.values["filters_2"] == 2:
            raise out_of_memory(kind)
        return original(self, hp)

    monkeypatch.setattr(TrialModel, "build", build)
    result = run(tmp_path, algorithm="grid", filters_choices=[2, 4], trials=4)
    failed = [trial for trial in result.trials if trial.status == "failed"]
    assert [trial.values for trial in failed] == [{"filters_1": 2, "filters_2": 2}]
    assert "planted" in failed[0].reason


@pytest.mark.slow
def test_memory_that_runs_out_after_the_first_step_ends_the_search(tmp_path, monkeypatch):
    class Full(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise MemoryError("planted")

    original = Training.run
    with monkeypatch.context() as patch:
        patch.setattr(
            Training, "run", lambda self, callbacks, *rest: original(self, [*callbacks, Full()])
        )
        with pytest.raises(InconclusiveError, match="memory ran out after the first step"):
            run(tmp_path)
    result = saved(tmp_path)
    assert result["status"] == "failed"
    assert [trial["status"] for trial in result["trials"]] == []
    assert [trial.status for trial in run(tmp_path, resume=True).trials] == ["completed"] * 3


@pytest.mark.slow
def test_a_checkpoint_that_hyperband_goes_on_from_and_cannot_read_is_named(
    tmp_path, scripted, monkeypatch
):
    options = {"algorithm": "hyperband", "trials": 5, "epochs": 3}
    original, kept = tuner.load_checkpoint, tmp_path / "kept"

    def damaged(model, path):
        shutil.move(path, kept)
        places.append(path)
        path.write_bytes(kept.read_bytes()[:1000])
        original(model, path)

    places = []
    with monkeypatch.context() as patch:
        patch.setattr(tuner, "load_checkpoint", damaged)
        with pytest.raises(InputError, match=r"weights of a trial.*checkpoint\.weights\.h5"):
            run(tmp_path, **options)
    (place,) = places
    shutil.copy(kept, place)
    assert outcome(run(tmp_path, **options, resume=True)) == undisturbed_outcome(**options)
