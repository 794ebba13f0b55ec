from types import SimpleNamespace

import pytest

from vgg_keras.comparison.speed import speed


def runs(tape, fit, names=("tape", "fit")):
    pairs = zip(names, (tape, fit), strict=True)
    return tuple(SimpleNamespace(trainer=name, seconds_per_epoch=times) for name, times in pairs)


def test_the_ratio_is_that_of_epochs_and_leaves_out_the_first():
    figures = speed([runs([99, 11, 12, 13], [1, 10, 10, 10])])
    assert (figures.first, figures.second, figures.ratio) == ("tape", "fit", 1.2)
    assert figures.interval == [pytest.approx(1.1), pytest.approx(1.3)]


def test_seeds_are_pooled_and_a_single_epoch_counts():
    names = ("fit:jit", "tape")
    figures = speed([runs([2], [1], names), runs([3], [1], names), runs([8], [2], names)])
    assert (figures.first, figures.second, figures.ratio) == ("fit:jit", "tape", 3)
    assert figures.interval == [2, 4]
