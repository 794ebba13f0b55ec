"""The corpus of loops is what it says: right ones give what `fit` gives, wrong ones do not."""

import contextlib
import functools
import importlib.util
import inspect
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

CORPUS = Path(__file__).parent / "corpus"


@functools.cache
def file(name):
    spec = importlib.util.spec_from_file_location(
        f"corpus_{name.removesuffix('.py')}", CORPUS / name
    )
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find(reference):
    name, _, attribute = reference.partition(":")
    return getattr(file(name), attribute)


CASES = file("cases.py").CASES


@contextlib.contextmanager
def executing(eagerly):
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(eagerly)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def batches(data):
    x_train, y_train, x_test, y_test, *weights = find(data)()
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train, *weights)).batch(16)
    return train, tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(16)


@functools.cache
def fitted(model, data, epochs, eagerly):
    model, (train, test) = find(model)(), batches(data)
    before = model.get_weights()
    with executing(eagerly):
        history = model.fit(
            train, validation_data=test, epochs=epochs, shuffle=False, verbose=0
        ).history
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    return model.get_weights(), history


def looped(case, eagerly):
    model, (train, test) = find(case.model)(), batches(case.data)
    given = {
        **dict.fromkeys(("dataset", "train_ds", "train_dataset", "ds", "data"), train),
        **{"model": model, "epochs": case.epochs, "val_ds": test, "validation_data": test},
    }

    def call(function):
        return function(**{name: given[name] for name in inspect.signature(function).parameters})

    loop = find(case.loop)
    with executing(eagerly):
        if inspect.isclass(loop):
            trainer = call(loop)
            loop = trainer.fit if hasattr(trainer, "fit") else trainer.train
        history = call(loop) or {}
    return model.get_weights(), history


def usual(name):
    name = name.lower().replace("train_", "").replace("acc", "accuracy")
    return name.replace("accuracyuracy", "accuracy")


def gaps(case, eagerly):
    """The largest difference in the weights, and in the figures of the same names."""
    expected, figures = fitted(case.model, case.data, case.epochs, eagerly)
    weights, history = looped(case, eagerly)
    history = {usual(name): values for name, values in history.items()}
    weight_gap = max(np.abs(a - b).max() for a, b in zip(expected, weights, strict=True))
    shared = figures.keys() & history.keys()
    return weight_gap, max(
        (np.abs(np.subtract(figures[name], history[name])).max() for name in shared), default=0
    )


def marked(cases, *fast):
    return [
        pytest.param(case, id=case.name, marks=[] if case.name in fast else pytest.mark.slow)
        for case in cases
    ]


@pytest.mark.parametrize("case", marked([c for c in CASES if c.cause], "dropout_off"))
def test_a_wrong_loop_ends_with_other_weights_or_figures(case):
    in_graph_only = case.cause == "stale-trace"
    weights, figures = gaps(case, eagerly=not in_graph_only)
    assert max(weights, figures) > 1e-4
    if case.stage == "metrics":
        assert weights == 0
    if in_graph_only:
        assert max(gaps(case, eagerly=True)) == 0


def test_each_cause_has_a_loop():
    assert len({case.cause for case in CASES if case.cause}) >= 31
    assert len({case.name for case in CASES}) == len(CASES)
