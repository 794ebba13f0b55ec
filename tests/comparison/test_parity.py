"""A difference of one bit is found, and its place is named."""

import os
import signal
import threading
import time

import keras
import numpy as np
import pytest
from helpers import TRAINERS, tiny_vgg
from hypothesis import given
from hypothesis import strategies as st

from vgg_keras.comparison.lockstep import compare_snapshots, first_difference
from vgg_keras.comparison.parity import certify
from vgg_keras.config import TrainConfig
from vgg_keras.runs.results import Difference
from vgg_keras.training.snapshot import Snapshot
from vgg_keras.training.training import Training


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1), min_size=1))
def test_equal_digests_are_certified(runs):
    parity = certify([(run, list(run)) for run in runs])
    assert parity.verdict == "identical"
    assert parity.epochs_compared == sum(map(len, runs))
    assert parity.first_mismatch is None


def test_the_first_pair_and_epoch_that_diverge_are_named():
    parity = certify([("ab", "ab"), ("abc", "axx"), ("a", "b")])
    assert parity.verdict == "diverges"
    assert parity.first_mismatch == (1, 2)
    assert parity.epochs_compared == 6


def test_a_trainer_that_ran_fewer_epochs_diverges_there():
    assert certify([("ab", "abc")]).first_mismatch == (0, 3)
    assert certify([("", "a")]).first_mismatch == (0, 1)


def test_nothing_compared_is_no_certificate():
    for pairs in ([], [("", "")]):
        with pytest.raises(ValueError, match="at least one epoch"):
            certify(pairs)


def test_states_of_different_shapes_diverge_without_naming_a_variable():
    snapshots = (Snapshot(weights=[("kernel", [np.zeros(size)])]) for size in (2, 3))
    assert compare_snapshots((1, 4, "step"), *snapshots) == Difference(1, 4, "weights")


class Disturb(keras.callbacks.Callback):
    """Changes something at the end of one step, or at another hook."""

    def __init__(self, change, hook="on_train_batch_end", at=5):
        super().__init__()
        self.change, self.at, self.count = change, at, 0
        setattr(self, hook, self.disturb)

    def disturb(self, *_, logs=None):
        self.count += 1
        if self.count == self.at:
            self.change(self.model)


def flip_bit(variable, element=3):
    bits = variable.numpy().view(np.int32)
    bits.reshape(-1)[element] ^= 1
    variable.assign(bits.view(np.float32))


def locate(digits, disturb, trainer="fit"):
    return first_difference([training(digits, "tape"), training(digits, trainer, disturb)])


def training(digits, trainer, extra=(), epochs=2):
    def train(model, data, config, callbacks, verbose):
        return TRAINERS[trainer](model, data, config, [*extra, *callbacks], verbose)

    return Training(TrainConfig(epochs=epochs), digits, tiny_vgg, train, trainer)


def test_without_a_disturbance_no_difference_is_found(digits):
    assert locate(digits, []) is None


@pytest.mark.parametrize("trainer", TRAINERS)
def test_one_bit_of_one_weight_is_located(digits, trainer):
    # three steps an epoch, so the fifth step is step 2 of epoch 2
    found = locate(digits, [Disturb(lambda model: flip_bit(model.stack[2].kernel))], trainer)
    assert (found.epoch, found.step, found.stage) == (2, 2, "weights")
    assert found.variable == "vgg/block2_conv1/kernel"
    assert found.max_ulp == 1
    assert 0 < found.max_abs < 1e-6


def test_one_bit_of_the_optimizer_is_located(digits):
    found = locate(digits, [Disturb(lambda model: flip_bit(model.optimizer.variables[3]), at=1)])
    assert (found.epoch, found.step, found.stage) == (1, 1, "optimizer")
    assert "block1_conv1" in found.variable
    assert found.max_ulp == 1


@pytest.mark.slow
def test_different_initial_weights_are_located(digits):
    flip = Disturb(lambda model: flip_bit(model.stack[0].kernel), "on_train_begin", at=1)
    found = locate(digits, [flip])
    assert (found.epoch, found.step, found.stage) == (1, None, "initial")
    assert found.variable == "vgg/block1_conv1/kernel"


@pytest.mark.slow
def test_a_change_in_validation_is_located(digits):
    found = locate(
        digits, [Disturb(lambda model: flip_bit(model.stack[-1].bias), "on_test_begin", at=1)]
    )
    assert (found.epoch, found.step, found.stage) == (1, None, "validation")


def test_a_loop_that_stops_early_is_located(digits):
    stop = Disturb(lambda model: setattr(model, "stop_training", True), at=2)
    found = locate(digits, [stop])
    assert found == Difference(1, 3, "steps")


@pytest.mark.slow
def test_the_keyboard_interrupts_a_replay(digits):
    interrupt = Disturb(lambda model: os.kill(os.getpid(), signal.SIGINT))

    epochs, before = 10_000, threading.active_count()  # would take hours
    with pytest.raises(KeyboardInterrupt):
        first_difference([training(digits, "fit", extra, epochs) for extra in ([interrupt], [])])
    deadline = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert threading.active_count() <= before


@pytest.mark.slow
def test_an_error_in_a_trainer_is_not_hidden(digits):
    def fail(model):
        raise ZeroDivisionError("planted")

    with pytest.raises(ZeroDivisionError, match="planted"):
        locate(digits, [Disturb(fail)])
