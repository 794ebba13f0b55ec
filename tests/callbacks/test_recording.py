import keras
import numpy as np
import pytest
from helpers import tiny_vgg
from hypothesis import given
from hypothesis import strategies as st

from vgg_keras import train
from vgg_keras.callbacks import Cumulative, Timing
from vgg_keras.training.digests import Digests
from vgg_keras.training.snapshot import Snapshot


def test_cumulative_figures_computed_by_hand():
    # 5 images in batches of 2, 2, 1 with batch losses 1, 2, 6 and right answers 2, 1, 0.
    # Running means: 1; 1.5; (2*1 + 2*2 + 1*6) / 5 = 2.4. Running accuracies: 1; 0.75; 0.6.
    # The notebook's loss is the mean of batch means: (1 + 2 + 6) / 3 = 3.
    # Testing: 3 images in batches of 2 and 1, losses 1 and 4, right 2 and 0: running 1; 2.
    cumulative = Cumulative(images=5, tests=3, batch_size=2)
    cumulative.set_params({"metrics": []})
    for _ in range(2):
        cumulative.on_epoch_begin(0)
        cumulative.on_train_batch_end(0, {"loss": 1.0, "accuracy": 1.0})
        cumulative.on_train_batch_end(1, {"loss": 1.5, "accuracy": 0.75})
        cumulative.on_train_batch_end(2, {"loss": 2.4, "accuracy": 0.6})
        cumulative.on_test_begin()
        cumulative.on_test_batch_end(0, {"loss": 1.0, "accuracy": 1.0})
        cumulative.on_test_batch_end(1, {"loss": 2.0, "accuracy": 2 / 3})
        cumulative.on_epoch_end(0)
    assert cumulative.history["loss"] == pytest.approx([3, 3])
    assert cumulative.history["accuracy"] == pytest.approx([0.6, 0.6])
    assert cumulative.history["val_loss"] == pytest.approx([2.5, 2.5])
    assert cumulative.history["val_accuracy"] == pytest.approx([2 / 3, 2 / 3])


@given(
    epochs=st.lists(
        st.lists(st.tuples(st.floats(0, 10), st.integers(0, 4)), min_size=3, max_size=3),
        min_size=1,
        max_size=4,
    ),
    steps=st.sampled_from([1, 3]),
)
def test_cumulative_figures_are_those_of_metrics_that_are_never_reset(epochs, steps):
    sizes = [4, 4, 4] if steps > 1 else [4, 4, 1]
    cumulative = Cumulative(images=sum(sizes), tests=sum(sizes), batch_size=4)
    cumulative.set_params({"metrics": []})
    loss, accuracy = keras.metrics.Mean(), keras.metrics.Mean()
    for batches in epochs:
        cumulative.on_epoch_begin(0)
        cumulative.on_test_begin()
        losses = correct = seen = 0
        for index, (batch_loss, right) in enumerate(batches):
            right = min(right, sizes[index])
            losses, correct = losses + batch_loss * sizes[index], correct + right
            seen += sizes[index]
            loss.update_state(batch_loss)
            accuracy.update_state(right / sizes[index], sample_weight=sizes[index])
            if (index + 1) % steps == 0:
                logs = {"loss": losses / seen, "accuracy": correct / seen}
                cumulative.on_train_batch_end(index, logs)
                cumulative.on_test_batch_end(index, logs)
        cumulative.on_epoch_end(0)
    for prefix in ("", "val_"):
        assert cumulative.history[f"{prefix}loss"][-1] == pytest.approx(
            float(loss.result()), abs=1e-4
        )
        assert cumulative.history[f"{prefix}accuracy"][-1] == pytest.approx(
            float(accuracy.result()), abs=1e-4
        )


@pytest.mark.slow
def test_cumulative_figures_are_not_known_once_metrics_are_reset(tmp_path):
    def evaluate(batch, logs):
        if batch == 1 and int(callback.model.optimizer.iterations.numpy()) > 3:
            callback.model.evaluate(np.zeros((2, 28, 28, 1)), np.zeros(2), verbose=0)

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=evaluate)
    options = {"limit": 80, "epochs": 2, "filters": [2], "logdir": tmp_path, "verbose": 0}
    for trainer in ("tape", "fit"):
        (run,) = train(**options, name=trainer, trainer=trainer, callbacks=callback).runs
        assert run.cumulative["loss"][0] == pytest.approx(run.history["loss"][0], abs=0.1)
        assert run.cumulative["loss"][1] is None
        assert run.cumulative["accuracy"][1] is None
        assert run.cumulative["val_loss"][1] is not None


def test_cumulative_figures_of_several_steps_a_call_computed_by_hand():
    # 5 images in batches of 2, 2, 1, two steps a call: the first call gives the mean of batches
    # 1 and 2, that is 1.5; the second the mean of all images, 2.4, so that batch 3 alone has
    # (2.4*5 - 1.5*4) / 1 = 6. The mean of batch means is (1.5*2 + 6) / 3 = 3.
    cumulative = Cumulative(images=5, tests=1, batch_size=2)
    cumulative.set_params({"metrics": []})
    cumulative.on_epoch_begin(0)
    cumulative.on_train_batch_end(1, {"loss": 1.5, "accuracy": 0.75})
    cumulative.on_train_batch_end(3, {"loss": 2.4, "accuracy": 0.6})
    cumulative.on_test_begin()
    cumulative.on_test_batch_end(1, {"loss": 1.0, "accuracy": 1.0})
    cumulative.on_epoch_end(0)
    assert cumulative.history["loss"] == [pytest.approx(3)]
    assert cumulative.history["accuracy"] == [pytest.approx(0.6)]


def test_timing_with_a_clock_that_is_set_by_hand():
    now = [0.0]
    timing = Timing(images_per_execution=32, clock=lambda: now[0])

    timing.set_params({"steps": 4})

    def call(at, hook, index):
        now[0] = at
        getattr(timing, hook)(index)

    call(10, "on_epoch_begin", 0)
    call(11, "on_train_batch_begin", 0)
    call(15, "on_train_batch_end", 0)  # the first step took 4 s
    call(15.5, "on_train_batch_begin", 1)
    call(17, "on_train_batch_end", 1)  # 2 s since the step before
    call(20, "on_train_batch_end", 2)  # 3 s
    call(29, "on_train_batch_end", 3)  # the last, which may be short, does not count
    call(30, "on_epoch_end", 0)
    call(30, "on_epoch_begin", 1)
    call(40, "on_train_batch_end", 0)
    call(44, "on_train_batch_end", 1)  # 4 s
    call(50, "on_epoch_end", 1)
    assert timing.first_step_seconds == 4
    assert timing.seconds_per_epoch == [20, 20]
    assert timing.images_per_second == 32 / 3  # the median of 2, 3 and 4 s


def test_timing_of_a_single_step_has_no_rate():
    timing = Timing(images_per_execution=32)
    timing.set_params({"steps": 1})
    timing.on_epoch_begin(0)
    timing.on_train_batch_begin(0)
    timing.on_train_batch_end(0)
    timing.on_epoch_end(0)
    assert timing.images_per_second is None
    assert timing.images_per_second_of_epoch > 0  # so that TensorBoard has a point


def make_digest(bit=0, learning_rate=0.001, loss=0.5):
    model = tiny_vgg()
    model.compile(keras.optimizers.Adam(learning_rate))
    bias = model.stack[0].bias
    bits = bias.numpy().view(np.int32)
    bits[0] ^= bit
    bias.assign(bits.view(np.float32))
    digests = Digests()
    digests.set_model(model)
    digests.on_epoch_end(0, {"loss": loss})
    return digests.digests[0]


def test_a_digest_shows_one_bit_of_weights_optimizer_or_metrics():
    assert make_digest() == make_digest()
    others = {
        make_digest(bit=1),
        make_digest(learning_rate=float(np.nextafter(np.float32(0.001), np.float32(1)))),
        make_digest(loss=float(np.nextafter(np.float32(0.5), np.float32(1)))),
    }
    assert len(others) == 3
    assert make_digest() not in others


def test_a_digest_shows_shapes_and_dtypes():
    arrays = [np.zeros(4, np.float32), np.zeros((2, 2), np.float32), np.zeros(4, np.int32)]
    assert len({Snapshot(weights=[("a", [array])]).digest() for array in arrays}) == 3
    named = [Snapshot(weights=[(name, [arrays[0]])]).digest() for name in "ab"]
    assert named[0] == named[1]


def test_a_digest_shows_layers_of_the_same_name():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.layers_ = [keras.layers.Dense(2, name="d"), keras.layers.Dense(2, name="d")]

        def build(self, shape):
            for layer in self.layers_:
                layer.build((None, 2))

    model = Twins()
    model.build((None, 2))
    model.compile("adam")
    before = Snapshot.take(model)
    assert len(before.weights) == 4
    model.layers_[0].kernel.assign_add(np.ones((2, 2)))
    assert Snapshot.take(model).digest() != before.digest()
