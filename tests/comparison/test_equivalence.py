"""Runs over many seeds, compared: verdict, intervals, and the words for them."""

import copy
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from vgg_keras.comparison.equivalence import equivalence
from vgg_keras.comparison.noise import repetition, within_noise
from vgg_keras.comparison.pairs import final_figures, pair_runs
from vgg_keras.reporting import words
from vgg_keras.runs.record import as_json, from_json
from vgg_keras.runs.results import CompareResult, Equivalence, McNemar, Run, Summary
from vgg_keras.runs.results import Test as Figures

SCHEMA = json.loads((files("vgg_keras") / "runs" / "schemas" / "compare.json").read_text())


def run(trainer, seed, wrong, loss=0.03, digests=("a",)):
    correct = 10_000 - len(wrong)
    return Run(
        trainer=trainer,
        seed=seed,
        epochs_done=2,
        digests=list(digests),
        history={"loss": [0.5, 0.125], "accuracy": [0.9, 0.95]},
        cumulative={},
        seconds_per_epoch=[1.0, 1.0],
        first_step_seconds=None,
        images_per_second=None,
        peak_rss_bytes=1,
        test=Figures(loss, correct / 10_000, correct, 10_000),
        test_interval=None,
        wrong=list(wrong),
        mistakes=[],
    )


def compared(tapes, fits, loss=0.03):
    """Three seeds: how many images tape and fit get wrong; fit's are the first ones."""
    pairs = [
        (run("tape", seed, range(tape)), run("fit", seed, range(fit), loss))
        for seed, (tape, fit) in enumerate(zip(tapes, fits, strict=True))
    ]
    value = as_json(equivalence(pairs, "diverges", points=0.1, classes=10))
    part = {"$ref": "#/$defs/equivalence", "$defs": SCHEMA["$defs"]}
    jsonschema.validate(value, part)
    return from_json(Equivalence, value)


def test_runs_are_paired_by_seed_and_trainer_in_any_order():
    runs = [run(t, s, []) for t, s in (("tape", 3), ("fit", 3), ("fit", 4), ("tape", 4))]
    places = [[(r.trainer, r.seed) for r in pair] for pair in pair_runs(runs)]
    assert places == [[("tape", 3), ("fit", 3)], [("tape", 4), ("fit", 4)]]


def test_trainers_within_the_margin_are_equivalent():
    # 100 images are 1 point: differences of -0.01, 0 and +0.01 points.
    result = compared([71, 70, 69], [70, 70, 70])
    assert result.verdict == "equivalent"
    assert result.differences["test_accuracy"].mean == pytest.approx(0)
    assert result.differences["test_accuracy"].deviation == pytest.approx(0.0001)
    assert result.differences["test_loss"].margin == pytest.approx(0.001 * 2.302585)
    assert result.trainers["tape"]["test_accuracy"].mean == pytest.approx(0.993)
    assert result.trainers["fit"]["loss"] == Summary(0.125, 0.0, [0.125, 0.125])
    assert words.verdict(result) == (
        "equivalent: over 3 seeds tape and fit differ by less than 0.1 points in test accuracy and "
        "0.0023 in test loss."
    )


def test_a_constant_difference_beyond_the_margin_is_different():
    result = compared([70, 80, 90], [120, 130, 140])
    assert result.verdict == "different"
    assert result.mcnemar[0] == McNemar(0, {"tape": 50, "fit": 0}, 2**-49)
    assert words.differences(result)[0] == "tape minus fit, test accuracy: +0.5 points."


def test_an_interval_of_a_mean_is_shown_from_three_seeds_on():
    two, three = compared([60, 80], [70, 60]), compared([60, 80, 70], [70, 60, 75])
    for result, shown in ((two, False), (three, True)):
        assert ("95 % interval" in words.differences(result)[0]) == shown
        tape = result.trainers["tape"]
        assert bool(words.summary(tape["test_accuracy"], "test_accuracy", result.seeds)[2]) == shown
        assert words.summary(tape["loss"], "loss", result.seeds) == ("0.12500", "0", "")
    assert words.spread([0.9178, 0.9182], 3) == ""
    assert words.spread([0.91, 0.92], 2) == " (from 0.91 to 0.92)"


def test_with_too_few_seeds_the_verdict_says_how_many_would_do():
    result = compared([60, 80, 70], [70, 60, 75])
    assert result.verdict == "undecided"
    needed = result.differences["test_accuracy"].seeds_needed
    assert needed > 3
    assert f"About {needed} seeds would" in words.verdict(result)


def test_a_loss_that_is_not_finite_is_named():
    result = compared([70, 70, 70], [70, 70, 70], loss=float("nan"))
    assert result.verdict == "undecided"
    assert result.trainers["fit"]["test_loss"].mean is None
    assert result.differences["test_loss"].p_different is None
    assert "Some loss is not finite." in words.verdict(result)
    assert "not finite" in words.differences(result)[1]


def test_a_difference_within_a_trainers_own_noise_does_not_count():
    first = run("fit", 0, range(70))
    second = run("fit", 0, range(72), loss=0.031, digests=("b",))
    same, off = repetition(first, copy.deepcopy(first)), repetition(first, second)
    assert same.repeatable
    assert same.floor == dict.fromkeys(final_figures(first), 0)
    assert not off.repeatable
    assert off.floor["test_accuracy"] == pytest.approx(0.0002)
    assert off.floor["test_loss"] == pytest.approx(0.001)

    near = run("tape", 0, range(69), loss=0.0305, digests=("c",))
    far = run("tape", 0, range(67), digests=("c",))
    assert within_noise([(near, first)], {"tape": same, "fit": off})
    assert not within_noise([(near, first), (far, first)], {"tape": same, "fit": off})
    assert not within_noise([(near, first)], {"tape": same, "fit": same})
    assert not within_noise([(near, first)], {})
    checked = {"tape": same, "fit": off}
    result = CompareResult(command="compare", config={}, environment={}, self_check=checked)
    sentences = words.repetitions(result)
    assert sentences[0] == "Trained again, tape is identical to itself."
    assert sentences[1].endswith("test loss 0.001, test accuracy 0.02 points.")


def test_the_seeds_of_models_that_are_no_classifiers_are_counted():
    def regressor(trainer, seed):
        first = run(trainer, seed, [])
        test = replace(first.test, accuracy=None, correct=None)
        return replace(first, test=test, wrong=None, history={"loss": [0.5, 0.1]})

    pairs = [(regressor("tape", seed), regressor("fit", seed)) for seed in range(3)]
    result = equivalence(pairs, "diverges", points=0.1, classes=None)
    assert words.verdict(result).startswith("equivalent: over 3 seeds tape and fit")
