"""The user's own model, loop and data, from the command line and from Python."""

import json
import re
import shutil
import subprocess
import sys

import jsonschema
import keras
import numpy as np
import pytest
import tensorflow as tf
from comparisons import SCHEMA
from helpers import slow_except
from programs import in_process, refused
from trainings import Crash, CrashAt

import vgg_keras
from vgg_keras.errors import InputError
from vgg_keras.runs.reading import read_result
from vgg_keras.trainers import fit

FILE = '''
import keras
import numpy as np
import tensorflow as tf
from vgg_keras import Steps
import beside

def make_model():
    keras_layers = keras.layers
    model = keras.Sequential([
        keras.Input((28, 28, 1)), keras_layers.Flatten(), keras_layers.Dropout(0.2),
        keras_layers.Dense(10, activation="softmax"),
    ])
    model.compile(
        keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model

def mine(model):
    """The notebook's cells, with the losses weighed by their images as fit weighs them."""
    loss_object, optimizer = keras.losses.SparseCategoricalCrossentropy(), keras.optimizers.SGD(0.1)
    train_loss, test_loss = keras.metrics.Mean("train_loss"), keras.metrics.Mean("test_loss")
    train_accuracy = keras.metrics.SparseCategoricalAccuracy("train_accuracy")
    test_accuracy = keras.metrics.SparseCategoricalAccuracy("test_accuracy")

    @tf.function
    def train_step(images, labels):
        with tf.GradientTape() as tape:
            predictions = model(images, training=True)
            loss = loss_object(labels, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        train_loss(loss, sample_weight=tf.shape(images)[0])
        train_accuracy(labels, predictions)

    @tf.function
    def test_step(images, labels):
        predictions = model(images, training=False)
        test_loss(loss_object(labels, predictions), sample_weight=tf.shape(images)[0])
        test_accuracy(labels, predictions)

    metrics = [train_loss, train_accuracy, test_loss, test_accuracy]
    return Steps(train_step, test_step, metrics, optimizer)

def make_dataset():
    rng = np.random.default_rng(beside.SEED)
    x, y = rng.random((60, 28, 28, 1), np.float32), rng.integers(0, 10, 60)
    return (x[:50], y[:50]), (x[50:], y[50:])

def failing(model, data, config, callbacks=(), verbose=0):
    return {}["nothing"]

def number():
    return 3
'''
SMALL = ["--limit", "80", "--epochs", "1", "--quiet"]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with the user's file, and one beside it that it imports."""
    (tmp_path / "my.py").write_text(FILE)
    (tmp_path / "beside.py").write_text("SEED = 0\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def result_of(path):
    result = json.loads((path / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    return result


def test_a_model_and_steps_of_ones_own_are_compared_with_fit(own, capsys):
    variants = ["--variants", "mine=my.py:mine,fit", "--require-identical", "--name", "a"]
    assert in_process("compare", "--model", "my.py:make_model", *variants, *SMALL) == 0
    assert "identical to the last bit" in capsys.readouterr().out
    result = result_of(own / "logs" / "compare" / "a")
    assert [run["trainer"] for run in result["runs"]] == ["mine", "fit"]
    assert set(result["runs"][0]["history"]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert result["config"]["model"] == "my.py:make_model"
    assert list(result["config"]["sources"]) == [str(own / "my.py")]
    assert in_process("evaluate", own / "logs" / "compare" / "a", "--json") == 0
    tests = json.loads(capsys.readouterr().out)
    assert [test["correct"] for test in tests.values()] == [
        run["test"]["correct"] for run in sorted(result["runs"], key=lambda run: run["trainer"])
    ]


@pytest.mark.slow
def test_data_of_ones_own_are_trained_on(own):
    data = ["--dataset", "my.py:make_dataset", "--name", "a", "--quiet", "--epochs", "1"]
    assert in_process("train", "--filters", "4", *data) == 0
    result = result_of(own / "logs" / "train" / "a")
    assert result["runs"][0]["test"]["total"] == 10


@pytest.mark.slow
def test_a_changed_file_is_not_resumed_with(own, capsys):
    options = ["--model", "my.py:make_model", "--name", "a", *SMALL]
    assert in_process("train", *options) == 0
    (own / "my.py").write_text(FILE.replace("Dropout(0.2)", "Dropout(0.3)"))
    line = refused(capsys, "train", *options, "--resume")
    assert "expected the files that the run was started with, my.py, received others" in line


BAD = {
    "no file": (["--model", "your.py:make_model"], "--model: expected a Python file, received"),
    "no name": (["--model", "my.py:make"], "expected a name in my.py (Steps, make_model, mine"),
    "no model": (["--model", "my.py:number"], "my.py:number: expected a keras.Model, received int"),
    "no module": (["--trainer", "no.such:train"], "expected a module that can be imported"),
    "no trainer": (["--trainer", "tap"], "--trainer: expected tape, fit, step or FILE.py:name"),
    "a factory as trainer": (["--trainer", "my.py:number"], "expected steps(model) or train(model"),
    "a rate of a compiled model": (
        ["--model", "my.py:make_model", "--learning-rate", "0.1"],
        "--learning-rate: expected none for a model that is compiled",
    ),
    "filters of another model": (
        ["--model", "my.py:make_model", "--filters", "4"],
        "--filters: expected its default with this model",
    ),
    "other images": (
        ["--model", "my.py:make_model", "--dataset", "wide.npz"],
        "--model: expected a model for batches of",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_refused_in_one_line(own, capsys, case):
    images = np.zeros((9, 8, 9), np.uint8)
    np.savez("wide.npz", x_train=images, y_train=np.arange(9), x_test=images, y_test=np.arange(9))
    arguments, message = BAD[case]
    assert message in refused(capsys, "train", *SMALL[2:], *arguments)


def test_an_error_in_the_users_code_is_shown_with_the_users_frames_only(own, capsys):
    assert in_process("train", "--trainer", "my.py:failing", *SMALL) == 2
    error = capsys.readouterr().err
    assert "my.py" in error
    assert "KeyError: 'nothing'" in error
    assert "vgg_keras/" not in error.replace("vgg-keras:", "")
    (own / "bad.py").write_text("def make_model(:\n")
    assert in_process("train", "--model", "bad.py:make_model", *SMALL) == 2
    assert "SyntaxError" in capsys.readouterr().err


def test_a_bug_of_ours_is_not_blamed_on_the_user(own, capsys, monkeypatch):
    def bug(*_):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("vgg_keras.training.digests.Digests.on_epoch_end", bug)
    assert in_process("train", "--model", "my.py:make_model", *SMALL) == 3
    assert "ZeroDivisionError: planted" in capsys.readouterr().err


def no_hooks(model, data, config, callbacks, verbose):
    for x, y in data.train:
        model.train_on_batch(x, y)


def fewer_steps(model, data, config, callbacks, verbose):
    data.train = data.train.take(1)
    return fit.train(model, data, config, callbacks, verbose)


def fewer_epochs(model, data, config, callbacks, verbose):
    return model.fit(data.train, validation_data=data.test, callbacks=callbacks, verbose=0)


def another_model(model, data, config, callbacks, verbose):
    return fit.train(keras.models.clone_model(model), data, config, callbacks, verbose)


def no_validation(model, data, config, callbacks, verbose):
    return model.fit(data.train, epochs=config.epochs, callbacks=callbacks, verbose=0)


def no_history(model, data, config, callbacks, verbose):
    fit.train(model, data, config, callbacks, verbose)


def no_training(model, data, config, callbacks, verbose):
    before = model.get_weights()
    history = fit.train(model, data, config, callbacks, verbose)
    model.set_weights(before)
    return history


def no_logs(model, data, config, callbacks, verbose):
    hooks = keras.callbacks.CallbackList(callbacks, model=model, epochs=2, steps=data.steps)
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_train_batch_begin(0)
    hooks.on_train_batch_end(0)


def other_optimizer(model):
    optimizer = keras.optimizers.Adam()

    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model(x)))
        optimizer.apply_gradients(
            zip(
                tape.gradient(loss, model.trainable_variables),
                model.trainable_variables,
                strict=True,
            )
        )
        return {"loss": loss}

    return train_step, lambda x, y: {"loss": tf.constant(0.0)}


BROKEN = {
    no_hooks: "expected a loop that calls the hooks of its callbacks, received one that calls none",
    fewer_steps: "expected 3 steps an epoch, received 1 in epoch 1",
    fewer_epochs: "expected 2 epochs, received 1",
    another_model: "expected callbacks with the model that it is given, received another model",
    no_validation: "expected hooks of a validation before on_epoch_end, received none",
    no_history: "expected a keras.callbacks.History, received a NoneType",
    no_training: "expected a loop that trains the model that it is given, received weights as",
    no_logs: "expected logs with 'loss' in on_train_batch_end",
    other_optimizer: "expected a train_step that uses model.optimizer, received one that does not",
}


@pytest.mark.parametrize(
    "trainer", slow_except(BROKEN, no_hooks, other_optimizer), ids=lambda trainer: trainer.__name__
)
def test_a_trainer_that_breaks_the_contract_is_refused(tmp_path, trainer):
    with pytest.raises(InputError, match=re.escape(BROKEN[trainer])):
        vgg_keras.train(
            trainer=trainer, limit=80, epochs=2, filters=[2], logdir=tmp_path, verbose=0
        )


def validate(hooks, data):
    hooks.on_test_begin()
    for step in range(data.test_steps):
        hooks.on_test_batch_begin(step)
        hooks.on_test_batch_end(step, {"loss": 1.0})
    hooks.on_test_end({"loss": 1.0})


def always_from_the_start(model, data, config, callbacks, verbose):
    model._initial_epoch = 0
    hooks = keras.callbacks.CallbackList(
        callbacks, add_history=True, model=model, epochs=config.epochs, steps=data.steps
    )
    hooks.on_train_begin()
    for epoch in range(config.epochs):
        hooks.on_epoch_begin(epoch)
        data.set_epoch(epoch)
        for step, batch in enumerate(data.train):
            hooks.on_train_batch_begin(step)
            loss = model.train_on_batch(*batch, return_dict=True)
            hooks.on_train_batch_end(step, loss)
        validate(hooks, data)
        hooks.on_epoch_end(epoch, {"loss": 1.0, "val_loss": 1.0})
    hooks.on_train_end()
    return model.history


def without_train_function(model, data, config, callbacks, verbose):
    hooks = keras.callbacks.CallbackList(
        callbacks, add_history=True, model=model, epochs=config.epochs, steps=data.steps
    )
    hooks.on_train_begin()
    for epoch in range(model._initial_epoch or 0, config.epochs):
        hooks.on_epoch_begin(epoch)
        for step, (x, y) in enumerate(data.train):
            hooks.on_train_batch_begin(step)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model(x)))
            gradients = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            hooks.on_train_batch_end(step, {"loss": loss})
        validate(hooks, data)
        hooks.on_epoch_end(epoch, {"loss": 1.0, "val_loss": 1.0})
    hooks.on_train_end()
    return model.history


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trainer", "crash", "message"),
    [
        (
            always_from_the_start,
            4,
            "resume: expected a trainer that starts at model._initial_epoch",
        ),
        (without_train_function, 5, "resume: expected a trainer that calls model.train_function"),
    ],
)
def test_a_loop_that_cannot_be_resumed_is_refused_and_not_retrained(
    tmp_path, trainer, crash, message
):
    options = {"limit": 80, "epochs": 2, "filters": [2], "save_every": 1, "name": "a"}
    options |= {"trainer": trainer, "logdir": tmp_path, "verbose": 0}
    with pytest.raises(Crash):
        vgg_keras.train(**options, callbacks=CrashAt(crash))
    state = (tmp_path / "train" / "a" / "state.npz").read_bytes()
    with pytest.raises(InputError, match=re.escape(message)):
        vgg_keras.train(**options, callbacks=CrashAt(None), resume=True)
    assert (tmp_path / "train" / "a" / "state.npz").read_bytes() == state


def make_model():
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(),
                              keras.layers.Dense(10, activation="softmax")])  # fmt: skip
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.slow
def test_functions_are_handed_in_from_python(tmp_path, digits):
    result = vgg_keras.compare(
        model=make_model,
        trainers={"mine": fit.train, "yours": "tape"},
        data=(digits.x_train, digits.y_train, digits.x_test, digits.y_test),
        epochs=1,
        logdir=tmp_path,
        name="a",
        verbose=0,
    )
    assert result.verdict == "identical"
    assert list(result.history) == ["mine", "yours"]
    assert result.path == tmp_path / "compare" / "a"
    assert result.config["model"] == "test_own_parts:make_model"
    assert result.config["dataset"] == "(in memory)"
    assert repr(result) == f"<CompareResult identical, in {result.path}>"
    with pytest.raises(InputError, match="dataset: expected the data that the run was given"):
        vgg_keras.compare(
            model=make_model, dataset="(in memory)", epochs=1, logdir=tmp_path, verbose=0
        )


@pytest.mark.slow
def test_a_result_loads_its_model(tmp_path, digits):
    result = vgg_keras.train(limit=80, epochs=1, filters=(2, 4), logdir=tmp_path, verbose=0)
    assert result.verdict == "finished"
    assert len(result.history["val_accuracy"]) == 1
    probabilities = result.model(digits.x_test[:5].astype("float32") / 255)
    assert probabilities.shape == (5, 10)
    assert result["runs"][0]["digests"] == result.runs[0].digests


@pytest.mark.slow
def test_data_sets_of_tensorflow_are_streamed(tmp_path, digits):
    parts = [
        tf.data.Dataset.from_tensor_slices((x.astype("float32") / 255, y)).batch(32)
        for x, y in digits
    ]
    result = vgg_keras.compare(data=tuple(parts), filters=[2], epochs=2, logdir=tmp_path, verbose=0)
    assert result.verdict == "identical"
    assert result.runs[0].test.total == 13
    assert result.runs[0].mistakes == []  # images are not kept
    shuffled = parts[0].unbatch().shuffle(80).batch(32)
    with pytest.raises(InputError, match="gives the same batches each time"):
        vgg_keras.train(data=(shuffled, parts[1]), logdir=tmp_path, verbose=0)


def test_options_in_python_are_named_as_in_python(tmp_path):
    with pytest.raises(InputError, match=r"^batch_size: expected a number from 1"):
        vgg_keras.train(batch_size=0)
    with pytest.raises(InputError, match="did you mean epochs"):
        vgg_keras.train(epocs=1)
    with pytest.raises(InputError, match=r"^precision: expected one of float32, bfloat16, float16"):
        vgg_keras.TrainConfig(precision="int8")
    with pytest.raises(InputError, match="config: expected a TrainConfig, received CompareConfig"):
        vgg_keras.train(vgg_keras.CompareConfig())
    with pytest.raises(TypeError, match="positional"):
        vgg_keras.train(vgg_keras.TrainConfig(), None)


@pytest.mark.slow
def test_a_result_loads_the_model_that_a_function_in_a_script_makes(tmp_path):
    def smaller():
        flatten, dense = keras.layers.Flatten(), keras.layers.Dense(10, "softmax")
        return keras.Sequential([keras.Input((28, 28, 1)), flatten, dense])

    options = {"limit": 80, "epochs": 1, "logdir": tmp_path, "verbose": 0}
    result = vgg_keras.train(model=smaller, name="a", **options)
    assert result.model.count_params() == 7850
    saved = read_result(result.path)
    with pytest.raises(InputError, match=r"expected a name in test_own_parts .*smaller"):
        saved.model  # noqa: B018
    script = f"""
import keras, vgg_keras
def make_model():
    flatten, dense = keras.layers.Flatten(), keras.layers.Dense(10, "softmax")
    return keras.Sequential([keras.Input((28, 28, 1)), flatten, dense])
vgg_keras.train(model=make_model, limit=80, epochs=1, logdir={str(tmp_path)!r}, name="b", verbose=0)
from pathlib import Path
from vgg_keras.runs.reading import read_result
print(read_result(Path({str(tmp_path / "train" / "b")!r})).model.count_params())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "7850\n"), done.stderr


@pytest.mark.slow
def test_learning_rate_units_and_convolutions_can_be_chosen(tmp_path):
    result = vgg_keras.train(
        limit=80,
        epochs=1,
        filters=[2, 4],
        convolutions=1,
        dense=[8, 6],
        learning_rate=0.01,
        logdir=tmp_path,
        name="a",
        verbose=0,
    )
    model = result.model
    assert (model.filters, model.dense) == (((2,), (4,)), (8, 6))
    again = vgg_keras.train(
        from_run=result.path, limit=80, epochs=1, logdir=tmp_path, name="b", verbose=0
    )
    assert again.runs[0].digests == result.runs[0].digests
    assert vgg_keras.VGG(filters=(32, 64)).filters == ((32, 32), (64, 64))


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [None, 0, 1e300, "x"])
def test_a_design_of_a_search_that_makes_no_model_is_refused_in_one_line(
    searched, tmp_path, capsys, blocks
):
    shutil.copytree(searched[1], tmp_path / "a")
    file = tmp_path / "a" / "result.json"
    value = json.loads(file.read_text())
    value["config"]["blocks_choices"] = [2, 3]
    value["best"]["values"].pop("blocks", None)
    if blocks is not None:
        value["best"]["values"]["blocks"] = blocks
    file.write_text(json.dumps(value))
    assert "--from: expected a " in refused(capsys, "train", "--from", tmp_path / "a")
