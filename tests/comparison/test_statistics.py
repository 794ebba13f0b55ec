"""Statistics against values computed by hand, and what must hold for any numbers."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from vgg_keras.comparison.equivalence import summary, word
from vgg_keras.comparison.statistics import (
    mcnemar,
    paired,
    power,
    summarize,
)
from vgg_keras.runs.chance import accuracy_interval

DIFFERENCES = st.lists(st.integers(-40, 40).map(lambda n: n / 10_000), min_size=2, max_size=8)
MARGINS = st.floats(1e-5, 0.01)


@pytest.fixture(autouse=True)
def _no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_a_summary_computed_by_hand():
    # 1, 2, 3: mean 2, deviation 1; t(0.975; 2 degrees) = 4.30265; 4.30265 / sqrt(3) = 2.48414.
    summary = summarize([1.0, 2.0, 3.0])
    assert (summary.mean, summary.deviation) == (2.0, 1.0)
    assert summary.interval == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-5)


def test_an_interval_ends_where_the_figure_does():
    # By hand as above: 0.5 +- 2.48414 * 0.4, cut at 0 and at 1.
    assert summarize([0.1, 0.5, 0.9], 0, 1).interval == [0, 1]
    low, high = summarize([0.1, 0.5, 0.9], 0).interval
    assert (low, high) == (0, pytest.approx(0.5 + 0.4 * 2.48414, abs=1e-5))


def test_accuracies_stay_between_0_and_100_percent_and_losses_above_0():
    assert summary("test_accuracy", [0.1, 0.9]).interval == [0, 1]
    assert summary("test_loss", [0.1, 0.9]).interval[0] == 0
    assert summary("test_loss", [-0.1, 0.9]).interval[0] < -0.1


def test_two_one_sided_tests_computed_by_hand():
    # 1, 2, 3 against a margin of 5: mean 2, standard error 1 / sqrt(3). Above -5: t = 7 sqrt(3);
    # below 5: t = -3 sqrt(3), the larger p. With 2 degrees of freedom P(T < -t) =
    # (1 - t / sqrt(t^2 + 2)) / 2 = (1 - sqrt(27 / 29)) / 2 = 0.01755.
    # Against 0: t = 2 sqrt(3), on both sides p = 1 - sqrt(12 / 14) = 0.07418.
    test = paired([1.0, 2.0, 3.0], margin=5)
    assert test.p_equivalent == pytest.approx((1 - math.sqrt(27 / 29)) / 2)
    assert test.p_different == pytest.approx(1 - math.sqrt(12 / 14))
    assert test.seeds_needed is None


def test_mcnemar_computed_by_hand():
    # 1 and 9 of 10: 2 * (1 + 10) / 2^10.
    assert mcnemar(1, 9) == mcnemar(9, 1) == 22 / 1024
    assert mcnemar(0, 0) == mcnemar(5, 5) == 1


def test_an_interval_of_wilson_computed_by_hand():
    # p = 0.993, n = 10,000, z = 1.959964: centre (p + z^2 / 2n) / (1 + z^2 / n) = 0.99281069, half
    # z / (1 + z^2 / n) * sqrt(p (1 - p) / n + z^2 / 4n^2) = 0.00164469: 0.16 points either way.
    low, high = accuracy_interval(9930, 10_000)
    assert (low + high) / 2 == pytest.approx(0.99281069, abs=1e-8)
    assert (high - low) / 2 == pytest.approx(0.00164469, abs=1e-8)
    assert accuracy_interval(5, 5)[1] == 1


@pytest.mark.slow
def test_the_power_is_that_of_simulated_comparisons():
    random = np.random.default_rng(0)
    for mean, margin in ((0.0, 1.0), (1.0, 0.2)):
        samples = random.normal(mean, 0.8, (500, 9))
        tests = [paired(sample, margin) for sample in samples]
        found = np.mean([test.p_equivalent < 0.05 or test.p_different < 0.025 for test in tests])
        assert found == pytest.approx(power(9, mean, 0.8, margin), abs=0.06)


@pytest.mark.parametrize(
    ("differences", "margin", "expected"),
    [
        ([0.0, 0.0], 0.001, "equivalent"),
        ([0.0005, 0.0005, 0.0005], 0.001, "equivalent"),
        ([0.002, 0.002], 0.001, "different"),
        ([0.9912 - 0.9892, 0.9953 - 0.9933, 0.9901 - 0.9881], 0.001, "different"),
        ([0.001, 0.001], 0.001, "different"),
        ([0.002, -0.003], 0.001, "undecided"),
        ([0.0, math.nan, 0.0], 0.001, "undecided"),
        ([math.inf, 0.0], 0.001, "undecided"),
    ],
)
def test_the_word_for_degenerate_cases(differences, margin, expected):
    test = paired(differences, margin)
    assert word("diverges", [test]) == expected
    assert word("identical", [test]) == "identical"
    assert word("indistinguishable", [test]) == "indistinguishable"


def test_one_figure_outside_its_margin_decides_the_verdict():
    same, other = paired([0.0, 0.0], 0.001), paired([0.02, 0.02], 0.001)
    unknown, many = paired([0.02, -0.01], 0.001), paired([math.nan, 0.0], 0.001)
    assert word("diverges", [same, other]) == "different"
    assert word("diverges", [same, unknown]) == word("diverges", [same, many]) == "undecided"
    assert word("diverges", [many, other]) == "different"


@given(DIFFERENCES, MARGINS)
def test_swapping_the_trainers_mirrors_the_result(differences, margin):
    first, second = paired(differences, margin), paired([-d for d in differences], margin)
    assert second.mean == -first.mean
    assert second.interval == pytest.approx((-first.interval[1], -first.interval[0]))
    assert second.p_equivalent == pytest.approx(first.p_equivalent)
    assert second.p_different == pytest.approx(first.p_different)
    assert second.seeds_needed == first.seeds_needed
    assert word("diverges", [first]) == word("diverges", [second])


@given(DIFFERENCES, MARGINS, st.floats(1, 100))
def test_what_is_equivalent_stays_so_with_a_larger_margin(differences, margin, factor):
    assume(word("diverges", [paired(differences, margin)]) == "equivalent")
    assert word("diverges", [paired(differences, margin * factor)]) == "equivalent"


@given(DIFFERENCES, MARGINS)
@example([0.0025, -0.0025], 1e-5)  # more than a million
def test_an_undecided_comparison_asks_for_more_seeds(differences, margin):
    test = paired(differences, margin)
    undecided = word("diverges", [test]) == "undecided"
    assert (test.seeds_needed is not None) == undecided
    if undecided:
        assert test.seeds_needed > len(differences)
        size = abs(test.mean), test.deviation, margin
        assert power(test.seeds_needed, *size) >= 0.8 > power(test.seeds_needed - 1, *size)
