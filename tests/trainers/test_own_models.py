"""Models of every kind are trained alike by all trainers, to the last bit, over three epochs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import Trained, assert_same, slow_except, tiny_vgg, train_all

from vgg_keras.config import TrainConfig
from vgg_keras.datasets import Arrays, as_data

layers, losses, metrics, optimizers = keras.layers, keras.losses, keras.metrics, keras.optimizers

RNG = np.random.default_rng(0)
X, X_TEST = RNG.random((70, 6), np.float32), RNG.random((13, 6), np.float32)  # 32, 32, 6 and 13
LABELS, TEST_LABELS = RNG.integers(0, 3, 70), RNG.integers(0, 3, 13)
CLASSES = Arrays.of(X, LABELS, X_TEST, TEST_LABELS)
NUMBERS = Arrays.of(X, X[:, :2].sum(axis=1), X_TEST, X_TEST[:, :2].sum(axis=1))
BINARY = Arrays.of(X, (LABELS > 0) * 1, X_TEST, (TEST_LABELS > 0) * 1)
SEVERAL_LABELS = Arrays.of(X, np.eye(3)[LABELS], X_TEST, np.eye(3)[TEST_LABELS])
TWO_INPUTS = Arrays.of(
    {"left": X[:, :2], "right": X[:, 2:]}, LABELS, {"left": X_TEST[:, :2], "right": X_TEST[:, 2:]},
    TEST_LABELS,
)  # fmt: skip
TWO_OUTPUTS = Arrays.of(
    X, {"kind": LABELS, "size": X.sum(1)}, X_TEST, {"kind": TEST_LABELS, "size": X_TEST.sum(1)}
)


def dense(*middle, units=3, activation="softmax"):
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, "relu"), *middle, layers.Dense(units, activation)]
    )


def compiled(model, loss="sparse_categorical_crossentropy", metrics=("accuracy",), **options):
    model.compile(options.pop("optimizer", "adam"), loss, metrics=list(metrics), **options)
    return model


def dropout():
    return compiled(dense(layers.Dropout(0.5, seed=1)))


class Noisy(keras.Model):
    """Subclassed, with a seed generator of its own, and built when it is called."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(3)
        self.inner, self.outer = layers.Dense(8, "relu"), layers.Dense(3, "softmax")

    def call(self, x, training=False):
        x = self.inner(x)
        if training:
            x = x + keras.random.normal(tf.shape(x), stddev=0.1, seed=self.seeds)
        return self.outer(x)


class WithoutTraining(keras.Model):
    """Its call has no `training`, so that `fit` never passes it on and dropout stays off."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = layers.Dense(8), layers.Dense(3, "softmax")
        self.dropout = layers.Dropout(0.5)

    def call(self, x):
        return self.outer(self.dropout(self.inner(x)))


class WithPenalty(keras.Model):
    """Adds a loss of its own."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = layers.Dense(8, "relu"), layers.Dense(3, "softmax")

    def call(self, x):
        x = self.inner(x)
        self.add_loss(0.1 * keras.ops.mean(keras.ops.abs(x)))
        return self.outer(x)


def two_inputs():
    left, right = keras.Input((2,), name="left"), keras.Input((4,), name="right")
    x = layers.Concatenate()([layers.Dense(4, "relu")(left), layers.Dense(4)(right)])
    outputs = layers.Dense(3, "softmax")(x)
    return compiled(keras.Model({"left": left, "right": right}, outputs))


def two_outputs():
    x = keras.Input((6,))
    hidden = layers.Dense(8, "relu")(x)
    kind = layers.Dense(3, "softmax", name="kind")(hidden)
    size = layers.Dense(1, name="size")(hidden)
    model = keras.Model(x, {"kind": kind, "size": size})
    model.compile(
        "adam",
        {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"kind": 1.0, "size": 0.25},
        metrics={"kind": ["accuracy"], "size": ["mae"]},
    )
    return model


def float16():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return compiled(dense())
    finally:
        keras.config.set_dtype_policy(before)


def schedule():
    rate = optimizers.schedules.ExponentialDecay(0.01, 2, 0.5, staircase=True)
    return compiled(dense(), optimizer=optimizers.SGD(rate, momentum=0.9))


def smoothing():
    loss = losses.CategoricalCrossentropy(label_smoothing=0.1)
    return compiled(dense(), loss, ["categorical_accuracy"])


MODELS = {
    "dropout": (dropout, CLASSES),
    "seed generator": (lambda: compiled(Noisy()), CLASSES),
    "no training argument": (lambda: compiled(WithoutTraining()), CLASSES),
    "batch normalisation": (lambda: compiled(dense(layers.BatchNormalization())), CLASSES),
    "L2": (
        lambda: compiled(
            dense(layers.Dense(8, kernel_regularizer="l2", bias_constraint="non_neg"))
        ),
        CLASSES,
    ),
    "add_loss": (lambda: compiled(WithPenalty()), CLASSES),
    "dict input": (two_inputs, TWO_INPUTS),
    "two outputs": (two_outputs, TWO_OUTPUTS),
    "regression": (
        lambda: compiled(dense(units=1, activation=None), "mse", ["mae"], optimizer="rmsprop"),
        NUMBERS,
    ),
    "binary": (
        lambda: compiled(dense(units=1, activation="sigmoid"), "binary_crossentropy", ["AUC"]),
        BINARY,
    ),
    "multi-label": (
        lambda: compiled(
            dense(activation="sigmoid"), "binary_crossentropy", [metrics.F1Score("micro", 0.5)]
        ),
        SEVERAL_LABELS,
    ),
    "label smoothing": (smoothing, SEVERAL_LABELS),
    "float16": (float16, CLASSES),
    "EMA": (
        lambda: compiled(
            dense(), optimizer=optimizers.AdamW(use_ema=True, ema_momentum=0.5, clipnorm=0.1)
        ),
        CLASSES,
    ),
    "schedule": (schedule, CLASSES),
    "XLA": (lambda: compiled(dense(), jit_compile=True), CLASSES),
    "eager": (lambda: compiled(dense(), run_eagerly=True), CLASSES),
    "several steps a call": (lambda: compiled(dense(), steps_per_execution=2), CLASSES),
    "not compiled": (dense, CLASSES),
}


def seeded(make):
    def make_model():
        keras.utils.set_random_seed(0)
        return make()

    return make_model


def by_tape(make, data):
    """One epoch of a model by `tape`."""
    config = TrainConfig(epochs=1)
    return Trained("tape", seeded(make)(), data.batches(config.batch_size, config.seed), config)


@pytest.mark.parametrize("name", slow_except(MODELS, "dropout"))
def test_all_trainers_give_the_same_bits(name):
    make, data = MODELS[name]
    trainings = train_all(data, seeded(make), epochs=3)
    assert_same(*trainings)
    assert len(set(trainings[0].digests)) == 3


@pytest.mark.slow
def test_the_option_for_xla_gives_all_trainers_the_same_bits():
    assert_same(*train_all(CLASSES, seeded(dense), epochs=1, jit_compile=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dropout", "float16"])
def test_class_weights_count_alike(name):
    make, data = MODELS[name]
    weighted = train_all(data, seeded(make), epochs=3, class_weight={0: 0.25, 2: 4.0})
    assert_same(*weighted)
    assert weighted[0].digests[0] != by_tape(make, data).digests[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["regression", "EMA"])
def test_sample_weights_of_a_data_set_count_alike(name):
    make, data = MODELS[name]
    weights = tf.linspace(0.1, 2.0, 70)
    train = tf.data.Dataset.from_tensor_slices((X, data.y_train, weights)).batch(32)
    test = tf.data.Dataset.from_tensor_slices((X_TEST, data.y_test)).batch(32)
    weighted = train_all(as_data((train, test)), seeded(make), epochs=3)
    assert_same(*weighted)
    plain = by_tape(make, as_data((train.map(lambda x, y, w: (x, y)), test)))
    assert weighted[0].digests[0] != plain.digests[0]


def test_the_vgg_gives_the_same_bits(digits):
    assert_same(*train_all(digits, tiny_vgg, epochs=3))


def test_a_model_that_its_user_compiled_keeps_loss_metrics_and_optimizer():
    make, data = MODELS["binary"]
    tape, *_ = train_all(data, seeded(make), epochs=1)
    assert list(tape.history.history) == ["AUC", "loss", "val_AUC", "val_loss"]
    probabilities = tape.model(X_TEST).numpy()
    expected = losses.BinaryCrossentropy()(data.y_test[:, None], probabilities)
    assert tape.history.history["val_loss"][-1] == pytest.approx(float(expected), rel=1e-5)
