import pytest

from vgg_keras.comparison.timing import speed


def run(*seconds):
    return {"seconds_per_epoch": list(seconds)}


def test_the_ratio_is_that_of_epochs_and_leaves_out_the_first():
    figures = speed([(run(99, 11, 12, 13), run(1, 10, 10, 10))])
    assert figures["tape_over_fit"] == 1.2
    assert figures["interval"] == [pytest.approx(1.1), pytest.approx(1.3)]


def test_seeds_are_pooled_and_a_single_epoch_counts():
    figures = speed([(run(2), run(1)), (run(3), run(1)), (run(8), run(2))])
    assert figures["tape_over_fit"] == 3
    assert figures["interval"] == [2, 4]
