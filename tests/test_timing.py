import pytest

from vgg_keras.comparison.timing import speed


def run(rate, *seconds):
    return {"images_per_second": rate, "seconds_per_epoch": list(seconds)}


def test_the_ratio_is_that_of_step_times_and_leaves_out_first_epochs():
    # 100 images a second against 80: a step of the second takes 1.25 times as long
    figures = speed([(run(80, 99, 11, 12), run(100, 1, 10, 10))])
    assert figures["tape_over_fit"] == 1.25
    assert figures["interval"] == [pytest.approx(1.1), pytest.approx(1.2)]


def test_seeds_are_pooled_and_a_single_epoch_counts():
    pairs = [(run(100, 2), run(100, 1)), (run(100, 3), run(200, 1)), (run(100, 4), run(300, 1))]
    assert speed(pairs)["tape_over_fit"] == 2
    assert speed(pairs)["interval"] == [2, 4]


def test_runs_of_one_step_have_no_ratio():
    assert speed([(run(None, 1), run(None, 1))])["tape_over_fit"] is None
