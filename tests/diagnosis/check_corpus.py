"""The corpus of loops is what it says: right ones give what `fit` gives, wrong ones do not."""

import collections
import contextlib
import dataclasses
import inspect
import io
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from vgg_keras.plugins import load

CORPUS = Path(__file__).parent / "corpus"


def find(reference):
    return load(f"{CORPUS}/{reference}", "reference")


CASES = find("cases.py:CASES")


@contextlib.contextmanager
def executing(eagerly):
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(eagerly)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def batches(case, steps):
    x_train, y_train, x_test, y_test, *weights = find(case.data)()
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train, *weights)).batch(16).take(steps)
    return train, tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(16)


def fitted(case, steps):
    model, (train, test) = find(case.model)(), batches(case, steps)
    before = model.get_weights()
    history = model.fit(
        train, validation_data=test, epochs=case.epochs, shuffle=False, verbose=0
    ).history
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    return model.get_weights(), history


def looped(case, steps):
    """What a loop leaves: no weights if it made its model itself; figures returned or printed."""
    model, (train, test) = find(case.model)(), batches(case, steps)
    given = {
        **dict.fromkeys(("dataset", "train_ds", "train_dataset", "ds", "data"), train),
        **{"model": model, "epochs": case.epochs, "val_ds": test},
    }
    taken = set()

    def call(function):
        names = inspect.signature(function).parameters
        taken.update(names)
        return function(**{name: given[name] for name in names})

    loop = find(case.loop)
    if inspect.isclass(loop):
        trainer = call(loop)
        loop = trainer.fit if hasattr(trainer, "fit") else trainer.train
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        history = call(loop)
    if history is None:
        history = collections.defaultdict(list)
        for name, value in re.findall(r"(\w+)[:=] ?(\d\.\d{6})", printed.getvalue()):
            history[name].append(float(value))
    history = getattr(history, "history", history)
    return model.get_weights() if "model" in taken else [], history


def usual(name):
    """The name that `fit` gives a figure."""
    name = name.lower().replace("train_", "")
    return re.sub(r"acc$", "accuracy", name)


def gaps(case, steps=-1, eagerly=True):
    """The largest difference in the weights, and in the figures of the same names."""
    with executing(eagerly):
        expected, figures = fitted(case, steps)
        weights, history = looped(case, steps)
    history = {usual(name): values for name, values in history.items()}
    shared = figures.keys() & history.keys()
    assert weights or shared
    pairs = zip(expected, weights or expected, strict=True)
    weight_gap = max(np.abs(a - b).max() for a, b in pairs)
    return weight_gap, max(
        (np.abs(np.subtract(figures[name], history[name])).max() for name in shared), default=0
    )


def marked(cases, *fast):
    return [
        pytest.param(case, id=case.name, marks=[] if case.name in fast else pytest.mark.slow)
        for case in cases
    ]


RIGHT = [case for case in CASES if not case.cause]
WRONG = [case for case in CASES if case.cause]
ROUNDED = ("loss_by_hand", "half_batches")
"""Right loops that compute the mean of the losses or the gradients in another order."""


@pytest.mark.parametrize("case", marked(RIGHT, "own_adam"))
def test_a_right_loop_gives_what_fit_gives(case):
    weights, figures = gaps(case)
    assert weights <= (1e-6 if case.name in ROUNDED else 0)
    assert figures < 1e-5


@pytest.mark.parametrize("case", marked(RIGHT))
def test_a_right_loop_stays_right_as_a_graph(case):
    assert max(gaps(case, eagerly=False)) < 1e-5


@pytest.mark.parametrize("case", marked(WRONG, "dropout_off"))
def test_a_wrong_loop_ends_with_other_weights_or_figures(case):
    in_graph_only = case.cause == "stale-trace"
    weights, figures = gaps(case, eagerly=not in_graph_only)
    assert max(weights, figures) > 1e-4
    if case.stage == "metrics":
        assert weights == 0
    if in_graph_only:
        assert max(gaps(case)) < 1e-6


IN_A_STEP = [
    case
    for case in WRONG
    if case.first_step in range(3) or (case.first_step, case.stage) in ((3, "batch"), (3, "update"))
]
"""Loops whose fault shows within the first epoch of 4 steps, and not after it."""


@pytest.mark.parametrize("case", marked(IN_A_STEP))
def test_a_fault_shows_from_the_step_on_that_is_said(case):
    """Another order shows in two batches, since within one the order of rows does not count."""
    case = dataclasses.replace(case, epochs=1)
    eagerly = case.cause != "stale-trace"
    if case.first_step > 0:
        assert max(gaps(case, case.first_step, eagerly)) < 1e-6
    shown = 2 if case.cause == "data-order" else case.first_step + 1
    assert max(gaps(case, shown, eagerly)) > 1e-6


@pytest.mark.parametrize("case", marked([case for case in WRONG if case.first_epoch == 2]))
def test_a_fault_of_the_second_epoch_does_not_show_in_the_first(case):
    assert max(gaps(dataclasses.replace(case, epochs=1))) < 1e-6


def test_each_cause_has_a_loop_and_each_loop_one_case():
    assert len({case.cause for case in WRONG}) >= 31
    assert len({case.name for case in CASES}) == len(CASES)
    loops = [
        f"{name}.py:{loop}"
        for name in ("wrong", "two", "right")
        for loop, value in find(f"{name}.py:__dict__").items()
        if getattr(value, "__module__", None) == name
    ]
    assert sorted(loops) == sorted(case.loop for case in CASES)
