"""KerasTuner over filter counts: honest scores, repeatable, never losing a trial."""

import gc
import json

import jsonschema
import keras
import numpy as np
import pytest
from helpers import TRAINERS, scalars
from searches import SCHEMA, outcome, run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorflow.python.framework.func_graph import FuncGraph

from vgg_keras import train
from vgg_keras.errors import InconclusiveError, InputError
from vgg_keras.training.training import Training
from vgg_keras.tuning.hypermodel import TrialModel
from vgg_keras.tuning.rerun import rerun


def test_a_search_ends_with_scored_trials_and_a_tested_model(searched, digits):
    result, home = searched
    assert result["status"] == "finished"
    assert [trial["status"] for trial in result["trials"]] == ["completed"] * 4
    assert len({json.dumps(trial["values"]) for trial in result["trials"]}) == 4
    assert result["space"] == {
        name: {"kind": "Choice", "values": [2, 4, 6], "conditions": []}
        for name in ("filters_1", "filters_2")
    }
    best = max(result["trials"], key=lambda trial: trial["score"])
    assert result["best"]["trial"] == best["id"]
    assert result["best"]["score"] == best["score"] == best["scores"][0]
    assert result["data"]["train"] + result["data"]["validation"] == 200
    assert result["best"]["test"]["total"] == result["data"]["test"] == 33
    model = keras.models.load_model(home / "best.keras")
    assert model.count_params() == best["parameters"]
    counts = [best["values"]["filters_1"], best["values"]["filters_2"]]
    assert model.filters == tuple((count,) for count in counts)


@pytest.mark.slow
@pytest.mark.parametrize("trainer", [name for name in TRAINERS if name != "fit"])
def test_repeated_with_another_trainer_a_search_is_the_same(searched, tmp_path, trainer):
    expected, *rest = outcome(searched[0])
    for trial in expected:
        assert trial.pop("trainer") == "fit"
    trials, *other_rest = outcome(run(tmp_path, trainer=trainer, trials=4))
    for trial in trials:
        assert trial.pop("trainer") == trainer
    assert trials == expected
    assert other_rest == rest


@pytest.mark.slow
def test_with_another_seed_a_search_is_another(searched, tmp_path):
    other = run(tmp_path, trainer="fit", seed=1, trials=1)
    assert outcome(other)[0] != outcome(searched[0])[0][:1]


@pytest.mark.slow
def test_a_trial_can_be_run_again_alone_from_its_record(searched):
    result, home = searched
    for trial in result["trials"]:
        history = rerun(home, f"0{trial['id']}")
        assert max(history.history["val_accuracy"]) == trial["score"]
        assert history.model.count_params() == trial["parameters"]
    with pytest.raises(InputError, match="trial: expected one of 0, 1, 2, 3, received 7"):
        rerun(home, "7")
    with pytest.raises(
        InputError,
        match="execution: expected one of the 1 executions of trial 0",
    ):
        rerun(home, "0", execution=1)


def test_the_best_design_is_trained_from_the_folder_of_the_search(searched, tmp_path):
    result, home = searched
    trained = train(from_run=home, epochs=1, limit=200, logdir=tmp_path, verbose=0)
    (best,) = [trial for trial in result.trials if trial.id == result.best.trial]
    assert trained.model.count_params() == best.parameters
    counts = [best.values["filters_1"], best.values["filters_2"]]
    assert trained.model.filters == tuple((count,) for count in counts)


@pytest.mark.slow
def test_a_design_of_which_everything_varied_is_trained_from_the_folder_of_the_search(tmp_path):
    found = run(
        tmp_path,
        blocks_choices=[1, 2],
        convolutions_choices=[1, 2],
        dense_choices=[4, 8],
        learning_rate_choices=[0.001, 0.01],
        batch_size_choices=[16, 64],
    )
    values = found.best.values
    trained = train(from_run=found.path, epochs=1, limit=200, logdir=tmp_path, verbose=0)
    assert trained.config["batch_size"] == values["batch_size"]
    assert trained.config["learning_rate"] == values["learning_rate"]
    assert trained.model.dense == (values["dense"],)
    assert trained.model.filters == tuple(
        (values[f"filters_{block}"],) * values["convolutions"]
        for block in range(1, values["blocks"] + 1)
    )
    (best,) = [trial for trial in found.trials if trial.id == found.best.trial]
    assert trained.model.count_params() == best.parameters


def test_tensorboard_shows_curves_and_a_row_for_each_trial(searched):
    result, home = searched
    for trial in result["trials"]:
        events = scalars(home / f"trial-{trial['id']}" / "validation")
        assert events["epoch_accuracy", 0] == np.float32(trial["score"])
        row = scalars(home / f"trial-{trial['id']}" / "hparams")
        assert row["result/val_score", 0] == pytest.approx(trial["score"])


def test_tensorboard_shows_how_the_best_design_was_retrained(searched):
    result, home = searched
    file = EventAccumulator(str(home / "best"), size_guidance={"tensors": 0}).Reload()
    assert "block1_conv1" in " ".join(node.name for node in file.Graph().node)
    for tag in ("sample/confusion_matrix", "filters/block1_conv1", "test/mistakes"):
        assert tag in file.Tags()["tensors"]
    row = scalars(home / "best" / "hparams")
    assert row["result/test_accuracy", 0] == np.float32(result.best.test.accuracy)
    figures = scalars(home / "best" / "validation")  # of images that it was not trained on
    epoch = max(step for tag, step in figures if tag == "epoch_accuracy")
    assert figures["epoch_accuracy", epoch] == np.float32(result.best.test.accuracy)


def test_every_execution_is_kept_and_the_score_is_their_mean(tmp_path, scripted):
    result = run(tmp_path, trials=1, executions=3)
    (trial,) = result["trials"]
    assert trial["score"] == pytest.approx(np.mean(trial["scores"]))
    assert len(trial["scores"]) == 3
    assert len(set(trial["seeds"])) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("algorithm", "trials", "objective"),
    [("bayesian", 3, "val_loss"), ("grid", 4, "val_accuracy"), ("grid", 4, "val_loss")],
)
def test_an_algorithm_finds_the_best_design(tmp_path, scripted, algorithm, trials, objective):
    if algorithm == "bayesian":
        pytest.importorskip("sklearn")
    options = {"algorithm": algorithm, "trials": trials, "filters_choices": [2, 4]}
    result = run(tmp_path, **options, objective=objective)
    assert len(result["trials"]) == trials
    pick = max if objective == "val_accuracy" else min
    assert result["best"]["score"] == pick(trial["score"] for trial in result["trials"])
    if algorithm == "grid":
        assert result["best"]["values"] == {"filters_1": 4, "filters_2": 4}


@pytest.mark.slow
def test_hyperband_goes_on_from_the_checkpoint(tmp_path, monkeypatch):
    seen, first_epochs = [], {}
    make, train = TrialModel.training, Training.run

    def training(self, hp, *rest):
        made = make(self, hp, *rest)
        first_epochs[made] = hp.values.get("tuner/initial_epoch", 0)
        return made

    def run_training(self, *rest):
        seen.append((first_epochs[self], int(self.model.optimizer.iterations)))
        return train(self, *rest)

    monkeypatch.setattr(TrialModel, "training", training)
    monkeypatch.setattr(Training, "run", run_training)
    run(tmp_path, algorithm="hyperband", epochs=3, trainer="tape")
    steps = -(-180 // 32)
    continued = [(epoch, step) for epoch, step in seen if epoch > 0]
    assert continued
    assert all(step == epoch * steps for epoch, step in continued)


@pytest.mark.slow
def test_the_graphs_of_past_trials_are_not_kept(tmp_path, monkeypatch):
    graphs = []
    original = TrialModel.build

    def build(self, hp):
        gc.collect()
        graphs.append(sum(isinstance(item, FuncGraph) for item in gc.get_objects()))
        return original(self, hp)

    monkeypatch.setattr(TrialModel, "build", build)
    run(tmp_path, trainer="tape", trials=2)
    assert len(graphs) == 3  # two trials, and the best design again
    assert graphs[1] == graphs[2]


@pytest.mark.slow
def test_a_failed_trial_is_recorded_with_its_reason_and_is_never_best(tmp_path, monkeypatch):
    original = TrialModel.build

    def build(self, hp):
        model = original(self, hp)
        if hp.values.get("filters_1") == 2:
            model.stack[-1].bias.assign(np.full(10, np.nan))
        if hp.values.get("filters_1") == 4 and hp.values.get("filters_2") == 4:
            raise MemoryError("no memory left")
        return model

    monkeypatch.setattr(TrialModel, "build", build)
    result = run(tmp_path, algorithm="grid", trials=4, filters_choices=[2, 4])
    by_values = {tuple(trial["values"].values()): trial for trial in result["trials"]}
    assert len(by_values) == 4
    for (first, second), trial in by_values.items():
        if first == 2:
            assert trial["status"] == "failed"
            assert "is nan after 1 epochs" in trial["reason"]
        elif (first, second) == (4, 4):
            assert (trial["status"], trial["reason"]) == ("failed", "MemoryError: no memory left")
        else:
            assert (trial["status"], trial["reason"]) == ("completed", None)
    assert result["best"]["values"] == {"filters_1": 4, "filters_2": 2}


@pytest.mark.slow
def test_a_search_of_failures_stops_and_keeps_its_state(tmp_path, scripted):
    def fail(*_, **__):
        raise ValueError("planted")

    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(Training, "run", fail)
    with pytest.raises(InconclusiveError, match=r"5 trials in a row failed.*ValueError: planted"):
        run(tmp_path, trials=9)
    result = json.loads((tmp_path / "search" / "a" / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    assert result["status"] == "failed"
    assert [trial["status"] for trial in result["trials"]] == ["failed"] * 5
    monkeypatch.undo()
    resumed = run(tmp_path, trials=9, resume=True)
    assert [trial["status"] for trial in resumed["trials"]] == ["failed"] * 5 + ["completed"] * 4


def test_a_search_without_a_completed_trial_has_failed(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise InputError("planted: expected none, received one")

    monkeypatch.setattr(Training, "run", fail)
    expected = r"every trial failed, the last because InputError: planted: expected none"
    with pytest.raises(InconclusiveError, match=expected):
        run(tmp_path, trials=2)
    result = json.loads((tmp_path / "search" / "a" / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    assert result["status"] == "failed"


@pytest.mark.slow
def test_checkpoints_of_all_but_the_best_are_removed(tmp_path, scripted):
    result = run(tmp_path, trials=6)
    kept = {path.parent.name for path in (tmp_path / "search" / "a" / "tuner").rglob("*.h5")}
    best = sorted(result["trials"], key=lambda trial: -trial["score"])[:3]
    assert len(kept) == 3
    assert f"trial_{best[0]['id']}" in kept
