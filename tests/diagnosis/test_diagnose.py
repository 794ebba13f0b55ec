"""`diagnose` says of each loop of the corpus whether it is right, and what is wrong with it."""

import json
import os
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import slow_except
from programs import in_process, refused

import vgg_keras
from vgg_keras import plugins
from vgg_keras.errors import InputError
from vgg_keras.reporting.explanations import EXPLANATIONS

CORPUS = Path(__file__).parent / "corpus"
SCHEMA = json.loads((files("vgg_keras") / "runs" / "schemas" / "diagnose.json").read_text())
CASES = {case.name: case for case in plugins.load(f"{CORPUS}/cases.py:CASES", "--cases")}


def load(reference):
    return plugins.load(f"{CORPUS}/{reference}", "--model")


def as_batches(data):
    x_train, y_train, x_test, y_test, *weights = data
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train, *weights)).batch(16)
    return train, tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(16)


def diagnose(case, tmp_path):
    result = vgg_keras.diagnose(
        model=load(case.model),
        loop=load(case.loop),
        data=as_batches(load(case.data)()),
        epochs=case.epochs,
        logdir=tmp_path,
        name="a",
    )
    jsonschema.validate(result.to_dict(), SCHEMA)
    return result


FAST = ("own_adam", "dropout_off", "never_reset", "default_adam", "divided_and_default_adam")


@pytest.mark.parametrize("name", slow_except(CASES, *FAST))
def test_each_loop_gets_the_right_answer(tmp_path, name):
    case = CASES[name]
    result = diagnose(case, tmp_path)
    assert result.verdict == ("diverges" if case.cause else "identical"), result
    assert result.cause == case.cause
    assert {cause.cause for cause in result.other_causes} == {*case.others}
    for found, expected in (
        (result.stage, case.stage),
        (result.first_step, case.first_step),
        (result.first_epoch, case.first_epoch),
    ):
        assert expected is None or found == expected
    page = (tmp_path / "diagnose" / "a" / "report.html").read_text()
    for cause in (case.cause, *case.others):
        assert cause is None or cause in page


def test_every_cause_that_is_named_is_explained():
    named = {cause for case in CASES.values() for cause in (case.cause, *case.others) if cause}
    assert named <= set(EXPLANATIONS)
    for cause in EXPLANATIONS.values():
        assert all(text.endswith(".") for text in cause)


LOOPS = """
import keras, numpy as np, tensorflow as tf

def make_model():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5, seed=1),
                              keras.layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

def loop(model, dataset, epochs):
    print("a line of the loop")
    loss_fn = keras.losses.SparseCategoricalCrossentropy()
    for epoch in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables))

def weights_ignored(model, dataset, epochs):
    for epoch in range(epochs):
        for x, y, weights in dataset:
            model.train_on_batch(x, y)

def old(model, dataset, epochs):
    keras.metrics.Mean().reset_states()

def broken(model, dataset, epochs):
    return undefined

def nothing(model, dataset, epochs):
    return None

def noisy(model, dataset, epochs):
    for epoch in range(epochs):
        for x, y in dataset:
            model.train_on_batch(tf.random.normal(x.shape), tf.random.shuffle(y))

def own_model(dataset, epochs):
    keras.layers.Dense(7).build((None, 3))  # draws other initial weights for what follows
    one_more(make_model(), dataset, epochs - 1)

def cloned(model, dataset, epochs):
    clone = keras.models.clone_model(model)
    clone.compile("adam", model.loss)
    clone.set_weights([weight + 0.1 for weight in model.get_weights()])
    one_more(clone, dataset, epochs - 1)

def one_more(model, dataset, epochs):
    for epoch in range(epochs + 1):
        for x, y in dataset:
            model.train_on_batch(x, y)

def drawn(model, dataset, epochs):
    x, y = (np.concatenate(part) for part in zip(*dataset.as_numpy_iterator()))
    rng = np.random.default_rng(0)
    for step in range(3 * epochs):
        chosen = rng.integers(0, len(x), 16)
        with tf.GradientTape() as tape:
            loss = keras.losses.SparseCategoricalCrossentropy()(y[chosen], model(x[chosen]))
        grads = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(grads, model.trainable_variables))

def strange(model, dataset, epochs, one, two):
    return None

class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3, "softmax", kernel_initializer="zeros")

    def call(self, x):
        return self.dense(x)

class Custom(Own):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = 2 * self.compute_loss(x=x, y=y, y_pred=self(x))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss}

def make(kind):
    model = kind()
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model

def make_own():
    return make(Own)

def make_custom():
    return make(Custom)

def uncompiled():
    return Own()

def misplaced_metrics():
    model = Own()
    model.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"])
    return model
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "loops", raising=False)
    (tmp_path / "loops.py").write_text(LOOPS)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)).astype(np.float32), rng.integers(0, 3, 60)
    arrays = {"x_train": x[:40], "y_train": y[:40], "x_test": x[40:], "y_test": y[40:]}
    np.savez("own.npz", **arrays)
    np.savez("weighted.npz", **arrays, sample_weight_train=rng.uniform(0.1, 2, 40))
    return tmp_path


MODEL = ["diagnose", "--model", "loops.py:make_model", "--batch-size", "16"]
DATA = ["--dataset", "own.npz"]


def test_the_program_names_cause_line_and_remedy(own, capsys):
    assert in_process(*MODEL, *DATA, "--loop", "loops.py:loop", "--name", "a") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "Verdict: diverges in epoch 1, step 0, stage forward: training-flag." in said
    assert "Line: loops.py:16." in said
    assert "and 0 to fit with this change." in said
    assert "To change: Call model(x, training=True) in the step" in said
    assert in_process(*MODEL, *DATA, "--loop", "loops.py:loop", "--json") == 1
    result = json.loads(capsys.readouterr().out)
    jsonschema.validate(result, SCHEMA)
    assert (result["cause"], result["first_step"], result["location"]) == (
        "training-flag",
        0,
        "loops.py:16",
    )
    assert in_process("report", own / "logs" / "diagnose" / "a") == 0


def test_weights_of_examples_come_from_the_file(own, capsys):
    options = [*MODEL, "--dataset", "weighted.npz", "--loop", "loops.py:weights_ignored", "--json"]
    assert in_process(*options) == 1
    assert json.loads(capsys.readouterr().out)["cause"] == "sample-weight"


def test_a_train_step_of_ones_own_is_compared_with_that_of_keras(own, capsys):
    own_step = ["--model", "loops.py:make_custom", "--reference", "loops.py:make_own"]
    assert in_process("diagnose", *own_step, *DATA, "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["cause"], result["stage"]) == ("gradient-scale", "loss")
    assert "2 times" in result["evidence"][0]
    line = LOOPS[: LOOPS.index("self.compute_loss")].count("\n") + 1
    assert result["location"] == f"loops.py:{line}"


@pytest.mark.parametrize(("loop", "reason"), [("nothing", "No update"), ("noisy", "does not have")])
def test_what_cannot_be_judged_is_inconclusive_with_the_reason(own, capsys, loop, reason):
    assert in_process(*MODEL, *DATA, "--loop", f"loops.py:{loop}") == 3
    said = " ".join(capsys.readouterr().out.split())
    assert "Verdict: inconclusive:" in said
    assert reason in said


def test_of_batches_drawn_with_replacement_what_can_be_compared_is(own, capsys):
    assert in_process(*MODEL, *DATA, "--loop", "loops.py:drawn", "--json") == 3
    result = json.loads(capsys.readouterr().out)
    jsonschema.validate(result, SCHEMA)
    assert (result["verdict"], result["cause"]) == ("inconclusive", None)
    assert "drawn with replacement" in result["evidence"][0]
    assert [cause["cause"] for cause in result["other_causes"]] == ["training-flag"]


def test_a_model_that_the_loop_makes_gets_the_same_initial_weights(own, capsys):
    assert in_process(*MODEL, *DATA, "--loop", "loops.py:own_model") == 0
    assert "Verdict: identical" in capsys.readouterr().out


def test_a_clone_that_has_other_weights_is_named(own, capsys):
    assert in_process(*MODEL, *DATA, "--loop", "loops.py:cloned", "--json") == 1
    assert json.loads(capsys.readouterr().out)["cause"] == "initial-weights"


def test_an_epoch_too_many_is_named(own, capsys):
    assert in_process(*MODEL, *DATA, "--loop", "loops.py:one_more", "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["cause"], result["first_step"]) == ("unexplained", 6)
    assert result["evidence"] == ["The loop makes 9 steps; fit makes 6."]


def test_what_cannot_be_used_is_refused_in_a_line(own, capsys):
    line = refused(capsys, *MODEL, *DATA, "--loop", "loops.py:old")
    assert "received reset_states in line 26, which is of Keras 2; use reset_state()" in line
    line = refused(capsys, *MODEL, *DATA, "--loop", "loops.py:strange")
    assert "expected parameters such as model, dataset, epochs" in line
    assert "received two, which has no default" in line
    misplaced = ["diagnose", "--model", "loops.py:misplaced_metrics", *DATA]
    line = refused(capsys, *misplaced, "--loop", "loops.py:loop")
    assert "compile takes optimizer, loss, loss_weights, metrics in this order" in line
    assert not (own / "logs" / "diagnose").exists() or len(os.listdir(own / "logs/diagnose")) == 1
    line = refused(capsys, *MODEL, *DATA)
    assert "--loop: expected a loop, or --reference, received none" in line
    uncompiled = ["diagnose", "--model", "loops.py:uncompiled", *DATA, "--loop", "loops.py:loop"]
    assert "expected a function that returns a compiled keras.Model" in refused(capsys, *uncompiled)
    assert in_process(*MODEL, *DATA, "--loop", "loops.py:broken") == 2
    error = capsys.readouterr().err
    assert "NameError: name 'undefined' is not defined" in error
    assert "vgg_keras" not in error


@pytest.mark.slow
def test_the_process_is_left_as_it_was(tmp_path):
    def state():
        methods = [
            vars(kind)[name]
            for owner, name in (
                (keras.Model, "__call__"),
                (keras.losses.Loss, "__call__"),
                (keras.optimizers.Optimizer, "apply"),
                (tf.GradientTape, "gradient"),
                (keras.metrics.Mean, "update_state"),
            )
            for kind in owner.__mro__
            if name in vars(kind)
        ]
        return methods, tf.config.functions_run_eagerly()

    def interrupted(model, dataset, epochs):
        raise KeyboardInterrupt

    before = state()
    diagnose(CASES["own_adam"], tmp_path)
    assert state() == before
    data = load("data.py:make_data")()
    with pytest.raises(KeyboardInterrupt):
        vgg_keras.diagnose(
            model=load("models.py:make_plain"), loop=interrupted, data=data, logdir=tmp_path
        )
    assert state() == before
    with pytest.raises(InputError, match=r"model: expected FILE\.py:factory, received none"):
        vgg_keras.diagnose(loop=interrupted, data=data)
