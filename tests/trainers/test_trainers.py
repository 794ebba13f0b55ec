"""Both trainers give the same bits, whatever the model and the options."""

import keras
import numpy as np
import pytest
from helpers import TRAINERS, Trained, assert_same, tiny_vgg, train_all

from vgg_keras.config import TrainConfig
from vgg_keras.datasets import Batches


def test_the_default_training_is_identical(trained):
    tape, fit, step = trained
    assert_same(tape, fit, step)
    assert list(tape.history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert all(len(figures) == 2 for figures in tape.history.history.values())


@pytest.mark.slow
def test_another_seed_of_the_weights_gives_other_bits(digits, trained):
    config, batches = TrainConfig(epochs=2), Batches(digits, batch_size=32)
    assert Trained("tape", tiny_vgg(seed=1), batches, config).digests != trained[0].digests


@pytest.mark.parametrize(
    "options",
    [
        {"steps_per_execution": 2, "seed": 2**32 - 1},
        pytest.param({"class_weight": {0: 0.0, 3: 2.5}}, marks=pytest.mark.slow),
        pytest.param({"batch_size": 80}, marks=pytest.mark.slow),
        pytest.param(
            {"batch_size": 1, "steps_per_execution": 7, "epochs": 1}, marks=pytest.mark.slow
        ),
    ],
    ids=str,
)
def test_options_keep_the_trainers_identical(digits, options):
    assert_same(*train_all(digits, **options))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_respected_by_both(digits, trained, dtype):
    tape, fit, step = train_all(digits, lambda: tiny_vgg(dtype=dtype))
    assert_same(tape, fit, step)
    scaled = isinstance(tape.model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (dtype == "mixed_float16")
    assert tape.digests != trained[0].digests


def sequential(*layers):
    def make():
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [keras.Input((28, 28, 1)), *[layer() for layer in layers]], name="other"
        )
        return model

    return make


def test_regularisation_is_part_of_the_loss(digits):
    make_model = sequential(
        keras.layers.Flatten,
        lambda: keras.layers.Dense(8, kernel_regularizer="l2", bias_regularizer="l1"),
        lambda: keras.layers.Dense(10, activation="softmax", kernel_regularizer="l1"),
    )
    tape, *_ = train_all(digits, make_model)
    model = tape.model
    images, labels = next(iter(Batches(digits, batch_size=13).test))
    plain = keras.losses.SparseCategoricalCrossentropy()(labels, model(images))
    penalty = sum(float(loss) for loss in model.losses)
    assert penalty > 0.01
    assert tape.history.history["val_loss"][-1] == pytest.approx(float(plain) + penalty, rel=1e-5)


@pytest.mark.slow
def test_class_weights_do_what_fits_own_argument_does(digits):
    class_weight = {0: 0.25, 9: 4.0}
    model, batches = tiny_vgg(), Batches(digits, batch_size=32)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: batches.set_epoch(e))
    expected = model.fit(
        batches.train,
        epochs=2,
        validation_data=batches.test,
        class_weight=class_weight,
        callbacks=[order],
        shuffle=False,
        verbose=0,
    )
    for training in train_all(digits, class_weight=class_weight):
        assert training.history.history == expected.history
        for a, b in zip(training.weights, model.variables, strict=True):
            assert np.array_equal(a, b.numpy())


def one_weight_model():
    """Zero weights but for a bias of log 3 for class 0: probabilities are known by hand."""
    model = sequential(keras.layers.Flatten, lambda: keras.layers.Dense(3, activation="softmax"))()
    model.set_weights([np.zeros((784, 3), np.float32), np.log([3.0, 1.0, 1.0]).astype(np.float32)])
    model.compile(
        keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


@pytest.mark.parametrize("trainer", TRAINERS)
def test_figures_are_those_computed_by_hand(mnist, trainer):
    # The model answers 3/5, 1/5, 1/5 to any image, and a learning rate of 0 keeps it so.
    # Training labels 0 1 2 0 0 in batches of 4 and 1: three of five are right, and the loss is
    # the mean over images, not over batches: (3 log(5/3) + 2 log 5) / 5.
    # Test labels 0 1 1: one of three is right, (log(5/3) + 2 log 5) / 3.
    arrays = mnist.first(5)
    arrays = type(arrays)(
        arrays.x_train, np.array([0, 1, 2, 0, 0]), mnist.x_test[:3], np.array([0, 1, 1]), classes=3
    )
    config = TrainConfig(epochs=1, batch_size=4)
    history = TRAINERS[trainer](
        one_weight_model(), Batches(arrays, batch_size=4), config, verbose=0
    ).history
    assert history["accuracy"] == [np.float32(3 / 5)]
    assert history["val_accuracy"] == [np.float32(1 / 3)]
    loss = (3 * np.log(5 / 3) + 2 * np.log(5)) / 5
    assert history["loss"] == [pytest.approx(loss, rel=1e-6)]
    val_loss = (np.log(5 / 3) + 2 * np.log(5)) / 3
    assert history["val_loss"] == [pytest.approx(val_loss, rel=1e-6)]


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_compiled_model_keeps_its_optimizer(digits, trainer):
    model, optimizer = tiny_vgg(), keras.optimizers.Adam(0.01)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    TRAINERS[trainer](model, Batches(digits, batch_size=32), TrainConfig(epochs=1), verbose=0)
    assert model.optimizer is optimizer
    assert int(optimizer.iterations) == 3


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (2, 4)])
@pytest.mark.parametrize("trainer", TRAINERS)
def test_progress_is_keras_own(digits, capsys, trainer, verbose, lines):
    batches = Batches(digits, batch_size=32)
    TRAINERS[trainer](tiny_vgg(), batches, TrainConfig(epochs=2), verbose=verbose)
    output = capsys.readouterr().out.splitlines()
    assert len(output) == lines
    assert [line for line in output if line.startswith("Epoch")] == [
        f"Epoch {epoch}/2" for epoch in range(1, 1 + lines // 2)
    ]


def test_a_saved_model_is_compiled_and_evaluates_alike(digits, trained, tmp_path):
    for training in trained:
        training.model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        figures = loaded.evaluate(Batches(digits, batch_size=32).test, return_dict=True, verbose=0)
        assert figures["loss"] == training.history.history["val_loss"][-1]
        assert figures["accuracy"] == training.history.history["val_accuracy"][-1]
        assert int(loaded.optimizer.iterations) == 6
