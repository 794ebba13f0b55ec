"""Every Keras callback works with the tape trainer as it does with fit."""

import keras
import numpy as np
import pytest
from helpers import (
    TRAINERS,
    Recorder,
    Trained,
    assert_same,
    scalars,
    slow_except,
    tiny_vgg,
    train_all,
)

from vgg_keras.config import TrainConfig
from vgg_keras.datasets import Batches

callbacks = keras.callbacks


def with_ema():
    model = tiny_vgg()
    model.compile(
        keras.optimizers.Adam(use_ema=True, ema_momentum=0.5),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


CALLBACKS = {
    "EarlyStopping": lambda home: [
        callbacks.EarlyStopping(
            "val_accuracy", patience=0, min_delta=1.0, restore_best_weights=True
        )
    ],
    "ModelCheckpoint": lambda home: [
        callbacks.ModelCheckpoint(home / "best.keras", monitor="val_accuracy", save_best_only=True),
        callbacks.ModelCheckpoint(home / "last.weights.h5", save_weights_only=True, save_freq=2),
    ],
    "BackupAndRestore": lambda home: [callbacks.BackupAndRestore(home / "backup")],
    "learning rates and watchers": lambda home: [
        callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
        callbacks.ReduceLROnPlateau("accuracy", patience=0, min_delta=1.0),
        callbacks.TerminateOnNaN(),
        callbacks.CSVLogger(str(home / "log.csv")),
        callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: (
                (home / "seen").open("a").write(f"{batch} {logs}\n")
            )
        ),
    ],
    "SwapEMAWeights": lambda home: [callbacks.SwapEMAWeights()],
    "SwapEMAWeights on epochs": lambda home: [callbacks.SwapEMAWeights(swap_on_epoch=True)],
    "TensorBoard": lambda home: [
        callbacks.TensorBoard(home, update_freq="batch", histogram_freq=1)
    ],
}


@pytest.mark.parametrize("name", slow_except(CALLBACKS, "EarlyStopping"))
def test_callbacks_see_the_same_hooks_indices_and_logs(name, digits, tmp_path):
    homes = {}

    def make_callbacks(trainer):
        homes[trainer] = tmp_path / trainer
        homes[trainer].mkdir()
        return CALLBACKS[name](homes[trainer])

    make_model = with_ema if name.startswith("SwapEMA") else tiny_vgg
    tape, fit, step = train_all(digits, make_model, make_callbacks, epochs=3)
    assert_same(tape, fit, step)
    assert tape.calls[0] == ("on_train_begin", None, {})
    assert tape.calls[-1][0] == "on_train_end"
    files = [
        {str(f.relative_to(home)) for f in home.rglob("*") if f.is_file()}
        for home in homes.values()
    ]
    if name == "TensorBoard":
        for part in ("train", "validation"):
            events = scalars(homes["tape"] / part)
            assert events == scalars(homes["fit"] / part)
            assert len(events) > 6
        return
    assert files[0] == files[1]
    for file in files[0]:
        left, right = homes["tape"] / file, homes["fit"] / file
        if file.endswith((".csv", "seen")):
            assert left.read_text() == right.read_text() != ""
        elif file.endswith(".keras"):
            pairs = [keras.models.load_model(path).get_weights() for path in (left, right)]
            assert all(np.array_equal(a, b) for a, b in zip(*pairs, strict=True))
        else:
            model, other = tiny_vgg(1), tiny_vgg(2)
            model.load_weights(left)
            other.load_weights(right)
            pairs = zip(model.get_weights(), other.get_weights(), strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs)


def test_the_order_of_hooks_is_that_of_keras(trained):
    tape, fit, _ = trained
    hooks = [(hook.removeprefix("on_"), index) for hook, index, _ in tape.calls]
    steps = [(f"train_batch_{end}", i) for i in range(3) for end in ("begin", "end")]
    test = [(f"test_{hook}", None) for hook in ("begin", "end")]
    test[1:1] = ("test_batch_begin", 0), ("test_batch_end", 0)
    epochs = [[("epoch_begin", n), *steps, *test, ("epoch_end", n)] for n in range(2)]
    assert hooks == [("train_begin", None), *epochs[0], *epochs[1], ("train_end", None)]
    assert fit.calls == tape.calls


@pytest.mark.slow
def test_early_stopping_stops_both_and_restores_the_best_weights(digits, tmp_path):
    trainings = train_all(
        digits, tiny_vgg, lambda _: CALLBACKS["EarlyStopping"](tmp_path), epochs=4
    )
    for training in trainings:
        # min_delta of 1 makes epoch 1 the best; patience 0 stops after epoch 2
        assert len(training.history.history["loss"]) == 2
    config, batches = TrainConfig(epochs=1), Batches(digits, batch_size=32)
    once = Trained("tape", tiny_vgg(), batches, config)
    for a, b in zip(trainings[0].weights, once.weights, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.slow
def test_a_callback_can_stop_an_epoch_and_a_validation(digits):
    class Stop(callbacks.Callback):
        """Stops the first validation after one batch, and training in the second epoch."""

        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = self.epoch == 1 and batch == 1

        def on_test_batch_end(self, batch, logs=None):
            if self.epoch == 0:
                self.model.stop_evaluating = True

    # 80 training and 13 test images in batches of 6: 14 and 3 steps
    tape, fit, step = train_all(digits, tiny_vgg, lambda _: [Stop()], batch_size=6, epochs=4)
    assert_same(tape, fit, step)
    hooks = [hook for hook, _, _ in tape.calls]
    assert hooks.count("on_train_batch_end") == 14 + 2
    assert hooks.count("on_test_batch_end") == 1 + 3
    assert hooks.count("on_epoch_end") == 2


def test_terminate_on_nan_ends_both_at_the_first_step(digits):
    recorders = {}
    for name, train in TRAINERS.items():
        model, recorders[name] = tiny_vgg(), Recorder()
        model.stack[-1].bias.assign(np.full(10, np.nan))
        batches = Batches(digits, batch_size=32)
        stop = callbacks.TerminateOnNaN()
        train(model, batches, TrainConfig(epochs=2), [stop, recorders[name]], verbose=0)
    assert recorders["tape"].calls == recorders["fit"].calls
    hooks = [hook for hook, _, _ in recorders["tape"].calls]
    assert hooks.count("on_train_batch_end") == 1


class Interrupt(callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == 4:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["tape", "fit"])
def test_an_interrupted_training_goes_on_from_its_backup_with_the_same_bits(
    digits, tmp_path, trainer
):
    def start(*extra):
        config, batches = TrainConfig(epochs=3), Batches(digits, batch_size=32)
        return Trained(trainer, tiny_vgg(), batches, config, extra)

    undisturbed = start()
    with pytest.raises(KeyboardInterrupt):
        start(callbacks.BackupAndRestore(tmp_path / "backup"), Interrupt())
    resumed = start(callbacks.BackupAndRestore(tmp_path / "backup"))
    # the fourth step belongs to the second epoch, so the first of three was saved
    assert resumed.digests == undisturbed.digests[1:]
    assert [index for hook, index, _ in resumed.calls if hook == "on_epoch_begin"] == [1, 2]
    for a, b in zip(resumed.weights, undisturbed.weights, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.slow
def test_a_callback_that_trains_on_a_batch_of_its_own_keeps_the_trainers_identical(digits):
    class TrainsOnABatch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.train_on_batch(digits.x_train[:16].astype("float32"), digits.y_train[:16])

    assert_same(*train_all(digits, make_callbacks=lambda trainer: [TrainsOnABatch()]))
