"""A snapshot holds everything that a training has made, and gives it back to the last bit."""

import keras
import numpy as np
import pytest
from helpers import tiny_vgg

from vgg_keras.errors import InputError
from vgg_keras.training.snapshot import Mismatch, Snapshot
from vgg_keras.training.state_files import save_state

X, Y = np.random.default_rng(0).random((8, 4), np.float32), np.arange(8) % 3


def model_with_dropout(seed=0):
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5), layers.Dropout(0.5), layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    return model


def steps(model, count, callbacks=()):
    for _ in range(count):
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=callbacks)
    return Snapshot.take(model)


def test_a_training_that_is_restored_goes_on_with_the_same_bits():
    model = model_with_dropout()
    before = steps(model, 2)
    after = steps(model, 2)
    assert after.digest() != before.digest()
    other = model_with_dropout(seed=1)
    steps(other, 1)
    before.restore(other)
    assert Snapshot.take(other).digest() == before.digest()
    again = steps(other, 2)  # dropout draws as it did
    assert again.digest() == after.digest()
    assert again.first_difference(after) is None


def test_metrics_and_callbacks_are_restored():
    model, callback = model_with_dropout(), keras.callbacks.EarlyStopping("loss")
    steps(model, 2, [callback])
    kept = Snapshot.take(model, metrics=model.metrics, callbacks=[callback], epoch=3, step=1)
    figures = {name: float(value) for name, value in model.get_metrics_result().items()}
    assert figures["loss"] > 0
    other, fresh = model_with_dropout(), keras.callbacks.EarlyStopping("loss")
    steps(other, 1)
    other.reset_metrics()
    kept.restore(other, other.metrics, [fresh])
    assert {name: float(v) for name, v in other.get_metrics_result().items()} == figures
    assert fresh.best == callback.best
    assert (kept.epoch, kept.step, kept.callbacks) == (3, 1, ["EarlyStopping"])


def test_a_snapshot_of_something_else_is_refused():
    kept = Snapshot.take(model_with_dropout())
    with pytest.raises(InputError, match="resume: expected the state of a training of this model"):
        kept.restore(tiny_vgg())
    with pytest.raises(InputError, match="callbacks: expected"):
        kept.restore(model_with_dropout(), callbacks=[keras.callbacks.TerminateOnNaN()])


def test_the_first_difference_is_named_in_the_order_of_a_step():
    model = model_with_dropout()
    plain = Snapshot.take(model, {"loss": 0.5})
    assert plain.first_difference(plain) is None
    model.layers[0].bias.assign([1, 0, 0, 0, 0])
    weights = Snapshot.take(model, {"loss": 0.5})
    found = plain.first_difference(weights)
    assert (found.stage, found.max_abs) == ("weights", 1)
    assert found.variable == model.layers[0].bias.path
    model.optimizer.learning_rate = 0.5
    assert plain.first_difference(Snapshot.take(model, {"loss": 0.5})).stage == "optimizer"
    changed = Snapshot.take(model, {"loss": float(np.nextafter(np.float32(0.5), np.float32(1)))})
    found = plain.first_difference(changed)
    assert (found.stage, found.variable, found.max_ulp) == ("metrics", "loss", 1)
    assert plain.first_difference(Snapshot.take(model, {})) == Mismatch("metrics")


def test_a_snapshot_is_read_as_it_was_saved(tmp_path):
    assert Snapshot.load(tmp_path) is None
    model = model_with_dropout()
    steps(model, 1)
    kept = Snapshot.take(model, {"loss": 0.1}, metrics=model.metrics, epoch=2, events={"a": 7})
    kept.save(tmp_path)
    read = Snapshot.load(tmp_path)
    assert read.digest() == kept.digest()
    assert (read.epoch, read.events, read.figures) == (2, {"a": 7}, {"loss": 0.1})
    steps(model, 1)
    read.restore(model, model.metrics)
    assert Snapshot.take(model, {"loss": 0.1}).digest() == kept.digest()


def test_a_state_of_version_0_1_is_refused_in_a_line(tmp_path):
    save_state(tmp_path, {"epoch": 1, "variables": []})
    with pytest.raises(InputError, match="resume: expected a state of this version"):
        Snapshot.load(tmp_path)
