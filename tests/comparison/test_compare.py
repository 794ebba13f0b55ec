"""What a run leaves: result.json, event files, models."""

import json
from dataclasses import replace

import jsonschema
import keras
import numpy as np
import pytest
from comparisons import SCHEMA, SMALL, check
from helpers import scalars
from test_parity import Disturb, flip_bit

from vgg_keras import compare, train
from vgg_keras.cli import terminal
from vgg_keras.comparison.pairs import pair_runs
from vgg_keras.errors import InputError
from vgg_keras.runs.results import McNemar, Parity
from vgg_keras.trainers import TRAINERS, fit

NAMES = ("tape", "fit")


def test_a_comparison_certifies_that_both_trainers_are_identical(compared):
    result, directory = compared
    check(result, directory)
    assert result["status"] == "finished"
    assert result.verdict == "identical"
    assert result.parity == Parity("identical", 4, None)
    places = [(run["trainer"], run["seed"]) for run in result["runs"]]
    assert places == [("tape", 0), ("fit", 0), ("fit", 1), ("tape", 1)]  # which is first alternates
    for tape, other in pair_runs(result["runs"]):
        for part in ("history", "cumulative", "digests", "test", "epochs_done"):
            assert tape[part] == other[part]
        assert len(set(tape["digests"])) == tape["epochs_done"] == 2
        assert tape["test"]["loss"] == tape["history"]["val_loss"][-1]
        assert tape["test"]["correct"] / tape["test"]["total"] == pytest.approx(
            tape["test"]["accuracy"]
        )
    assert result["runs"][0]["digests"] != result["runs"][2]["digests"]


def test_many_seeds_have_means_intervals_and_the_images_that_were_wrong(compared, capsys):
    result, directory = compared
    assert result["equivalence"]["verdict"] == "identical"
    assert list(result["equivalence"]["trainers"]) == ["tape", "fit"]
    assert result.equivalence.mcnemar == [
        McNemar(seed, {"tape": 0, "fit": 0}, 1.0) for seed in (0, 1)
    ]
    for trainer in NAMES:
        assert result["self_check"][trainer]["repeatable"]
        assert set(result["self_check"][trainer]["floor"].values()) == {0}
        assert (directory / trainer / "self-check" / "model.keras").is_file()
        losses = [run["test"]["loss"] for run in result["runs"] if run["trainer"] == trainer]
        mean = result["equivalence"]["trainers"][trainer]["test_loss"]["mean"]
        assert mean == pytest.approx(sum(losses) / 2)
    for run in result["runs"]:
        assert len(run["wrong"]) == run["test"]["total"] - run["test"]["correct"]
        assert {mistake["index"] for mistake in run["mistakes"]} <= set(run["wrong"])
        low, high = run["test_interval"]
        assert low < run["test"]["accuracy"] < high
    terminal.show_verdict(result)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Verdict: identical to the last bit.")
    assert lines[-2:] == [f"Trained again, {name} is identical to itself." for name in NAMES]


def nudged(model, config):
    """Changes too little to matter: a few images at most are classified otherwise."""
    model.stack[0].bias.assign(np.full(4, 1e-6))


def spoilt(model, config):
    """Fixes the answer on class 0: the loss is nearly the same, above 10, whatever the seed."""
    model.stack[-1].bias.assign([20.0, *[0.0] * 9])


def spoilt_once(model, config):
    """Leaves one of two seeds alone: of differences d and 0, t is 1 or -1 whatever d, and p 0.5."""
    if config.seed == 0:
        spoilt(model, config)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "margin", "verdict", "sentence"),
    [
        # of 13 test images 4 would have to change in one seed for p to exceed 0.05
        (nudged, 100, "equivalent", "over 2 seeds tape and fit differ by less than 100 points in"),
        pytest.param(
            *(spoilt, 0.1, "different", "over 2 seeds tape and fit differ by more than chance."),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(spoilt_once, 0.1, "undecided", "2 seeds do not tell whether tape and fit differ by"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["equivalent", "different", "undecided"],
)
def test_trainers_that_differ_over_many_seeds_get_a_verdict_in_plain_words(
    tmp_path, capsys, change, margin, verdict, sentence
):
    def changed(model, data, config, callbacks, verbose):
        change(model, config)
        return fit.train(model, data, config, callbacks, verbose)

    options = {**SMALL, "epochs": 1, "seeds": 2, "margin": margin, "logdir": tmp_path}
    result = compare(**options, name="differ", trainers={"tape": "tape", "fit": changed})
    check(result, tmp_path / "compare" / "differ")
    assert result.verdict == result.equivalence.verdict == verdict
    assert (result.parity.verdict, result.parity.first_difference.stage) == ("diverges", "initial")
    terminal.show_verdict(result)
    terminal.show_means(result)
    output = capsys.readouterr().out
    assert " ".join(output.split()).startswith(f"Verdict: {verdict}: {sentence}")
    assert "Bit by bit: tape and fit diverge in epoch 1 of seed 0, stage initial." in output
    assert max(map(len, output.splitlines())) <= 80
    page = (tmp_path / "compare" / "differ" / "report.html").read_text()
    assert f"{verdict.capitalize()}: {sentence}" in page
    assert "Equivalent or different" in page


@pytest.mark.slow
def test_trainers_within_their_own_noise_are_indistinguishable(tmp_path):
    def noisy(model, data, config, callbacks, verbose):
        model.stack[0].bias.assign(np.full(4, noise.pop()))
        return fit.train(model, data, config, callbacks, verbose)

    noise = [1.0, 1e-7]
    options = {**SMALL, "epochs": 1, "self_check": True, "logdir": tmp_path}
    result = compare(**options, name="noisy", trainers={"tape": "tape", "fit": noisy})
    check(result, tmp_path / "compare" / "noisy")
    assert result["self_check"]["tape"]["repeatable"]
    assert not result["self_check"]["fit"]["repeatable"]
    assert result["parity"]["verdict"] == "indistinguishable"
    assert result["parity"]["first_difference"] is None


def test_figures_of_time_and_memory_are_there(compared):
    result, _ = compared
    for run in result["runs"]:
        assert run["first_step_seconds"] > 0
        assert run["images_per_second"] > 0
        assert len(run["seconds_per_epoch"]) == 2
        assert run["peak_rss_bytes"] > 100e6
    low, high = result["speed"]["interval"]
    assert 0 < low <= high
    assert (result.speed.first, result.speed.second) == ("tape", "fit")
    assert low <= result.speed.ratio <= high


def test_event_files_overlay_in_tensorboard(compared):
    result, directory = compared
    for run in result["runs"]:
        home = directory / run["trainer"] / f"seed-{run['seed']}"
        training, validation = scalars(home / "train"), scalars(home / "validation")
        for epoch in range(2):
            for name in ("loss", "accuracy"):
                assert training[f"epoch_{name}", epoch] == np.float32(run["history"][name][epoch])
                expected = np.float32(run["history"][f"val_{name}"][epoch])
                assert validation[f"epoch_{name}", epoch] == expected
                steps = 3 * (epoch + 1)
                assert validation[f"evaluation_{name}_vs_iterations", steps] == expected
            assert training["epoch_learning_rate", epoch] == np.float32(0.001)
    for seed in ("seed-0", "seed-1"):
        for part in ("train", "validation"):
            tape, fit = (scalars(directory / name / seed / part) for name in NAMES)
            assert tape.keys() == fit.keys()
            timed = ("epoch_images_per_second", "epoch_step_seconds")
            assert all(tape[key] == fit[key] for key in tape if key[0] not in timed)
            if part == "train":
                assert {(tag, epoch) for tag in timed for epoch in range(2)} <= tape.keys()


def test_models_are_saved_and_give_the_reported_accuracy(compared, digits):
    result, directory = compared
    for run in result["runs"]:
        home = directory / run["trainer"] / f"seed-{run['seed']}"
        model = keras.models.load_model(home / "model.keras")
        predictions = model.predict(digits.x_test.astype(np.float32) / 255, verbose=0)
        correct = int(np.sum(predictions.argmax(axis=1) == digits.y_test))
        assert correct == run["test"]["correct"]


@pytest.mark.slow
def test_a_training_is_repeatable_and_equals_that_of_the_comparison(compared, tmp_path):
    runs = compared[0]["runs"]
    for trainer in TRAINERS:
        result = train(**SMALL, trainer=trainer, seed=1, logdir=tmp_path, name=trainer)
        check(result, tmp_path / "train" / trainer)
        assert result["runs"][0]["digests"] == runs[2]["digests"]
        home = tmp_path / "train" / trainer
        assert (home / "model.keras").is_file()
        assert scalars(home / "train")


@pytest.mark.slow
def test_a_planted_bit_is_found_and_located(tmp_path):
    def disturbed(model, data, config, callbacks, verbose):
        planted = Disturb(lambda model: flip_bit(model.stack[1].kernel), at=4)
        return fit.train(model, data, config, [planted, *callbacks], verbose)

    options = {**SMALL, "logdir": tmp_path, "name": "planted"}
    result = compare(**options, trainers={"tape": "tape", "fit": disturbed})
    check(result, tmp_path / "compare" / "planted")
    assert (result.parity.verdict, result.parity.epochs_compared) == ("diverges", 2)
    found = result.parity.first_difference
    assert found.max_abs > 0
    place = (found.epoch, found.step, found.stage, found.variable, found.max_ulp)
    assert place == (2, 1, "weights", "vgg/block1_conv2/kernel", 1.0)


@pytest.mark.slow
def test_an_interrupted_comparison_keeps_the_finished_trainings(tmp_path):
    def interrupted(model, data, config, callbacks, verbose):
        raise KeyboardInterrupt

    options = {**SMALL, "logdir": tmp_path, "name": "stopped"}
    with pytest.raises(KeyboardInterrupt):
        compare(**options, trainers={"tape": "tape", "fit": interrupted})
    result = json.loads((tmp_path / "compare" / "stopped" / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    assert result["status"] == "interrupted"
    assert [run["trainer"] for run in result["runs"]] == ["tape"]


@pytest.mark.parametrize(
    "options",
    [
        {"model": "vgg16"},
        {"filters": [4] * 5},
        {"class_weight": {10: 1.0}},
        {"dataset": "/nowhere.npz"},
        {"seed": 2**32 - 1, "seeds": 2},
        {"margin": 0.0},
        {"margin": float("nan")},
        {"batch_size": 2**40},
        {"filters": [2**40]},
    ],
    ids=str,
)
def test_a_configuration_that_cannot_be_run_writes_nothing(tmp_path, options):
    with pytest.raises(InputError, match=r"^\w+: expected .*received"):
        compare(logdir=tmp_path / "logs", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_the_precision_reaches_the_model_and_its_file(tmp_path, precision):
    train(**{**SMALL, "epochs": 1}, precision=precision, logdir=tmp_path, name="a")
    model = keras.models.load_model(tmp_path / "train" / "a" / "model.keras")
    assert model.stack[0].compute_dtype == precision
    assert model.stack[-1].compute_dtype == "float32"


def test_epochs_in_which_the_runs_differ_come_first(compared, capsys):
    runs = [run for run in compared[0].runs if run.seed == 0]
    last = replace(runs[-1], digests=[runs[-1].digests[0], "other"])
    terminal.show_runs(replace(compared[0], runs=[*runs[:-1], last]))
    rows = capsys.readouterr().out.splitlines()[3:]
    assert [row.split()[0] for row in rows if row.strip()] == ["2"] * len(runs) + ["1"] * len(runs)
