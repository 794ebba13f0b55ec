"""Private names of the libraries: a test here says which of them an upgrade has taken away."""

import inspect

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from keras_tuner import oracles
from tensorflow.python.framework import ops

from vgg_keras.runtime import compat


def model_of(call):
    return type("Model", (keras.Model,), {"call": call})()


@pytest.mark.parametrize("kind", compat.CALLBACK_STATE, ids=lambda kind: kind.__name__)
def test_keras_callbacks_keep_what_they_have_seen_where_it_is_looked_for(kind, tmp_path):
    if kind is keras.callbacks.ModelCheckpoint:
        callback = kind(tmp_path / "a.keras", monitor="loss", mode="min")
    elif kind is keras.callbacks.SwapEMAWeights:
        callback = kind()
    else:
        callback = kind()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(use_ema=True), "mse")
    model.fit(np.ones((2, 1)), np.ones((2, 1)), callbacks=[callback], verbose=0)
    for name in compat.CALLBACK_STATE[kind]:
        assert hasattr(callback, name), name


def test_the_initial_epoch_is_where_fit_reads_it():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert compat.initial_epoch(model) == 0
    compat.set_initial_epoch(model, 2)
    assert compat.initial_epoch(model) == 2
    assert model.fit(np.ones((2, 1)), np.ones((2, 1)), epochs=3, verbose=0).epoch == [2]


def test_a_model_is_called_with_training_only_if_it_takes_it():
    takes = model_of(lambda self, x, training=None: x * (2.0 if training else 1.0))
    plain = model_of(lambda self, x: x)
    x = tf.ones((1, 1))
    assert compat.call_of(takes)(x, training=True).numpy() == 2
    assert compat.call_of(takes)(x, training=False).numpy() == 1
    assert compat.call_of(plain)(x, training=True).numpy() == 1


def test_the_loss_is_that_of_fit():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    x, y = tf.ones((2, 1)), tf.zeros((2, 1))
    assert float(compat.loss_of(model)(x, y, model(x), None, training=True)) == 1


def test_the_weights_of_losses_are_taken_off_and_put_back():
    inputs = keras.Input((1,))
    outputs = [keras.layers.Dense(1, kernel_initializer="ones")(inputs) for _ in range(2)]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", ["mse", "mse"], loss_weights=[1, 3])
    x, y = tf.ones((2, 1)), tf.zeros((2, 1))
    assert compat.loss_weights_of(model) == [1, 3]
    assert float(model.compute_loss(x, [y, y], model(x))) == 4
    with compat.without_loss_weights(model):
        assert float(model.compute_loss(x, [y, y], model(x))) == 2
    assert float(model.compute_loss(x, [y, y], model(x))) == 4


def test_an_optimizer_says_which_variables_decay():
    kernel, bias = keras.Variable(1.0, name="kernel"), keras.Variable(1.0, name="bias")
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    for one in (optimizer, keras.optimizers.LossScaleOptimizer(optimizer)):
        assert [compat.decays(one, variable) for variable in (kernel, bias)] == [True, False]


def test_an_optimizer_clips_gradients():
    optimizer = keras.optimizers.Adam(clipvalue=1)
    assert [float(part) for part in compat.clipped(optimizer, [tf.constant(3.0)])] == [1]
    scaled = keras.optimizers.LossScaleOptimizer(optimizer)
    assert [float(part) for part in compat.clipped(scaled, [tf.constant(0.5)])] == [0.5]


def test_all_that_belongs_to_a_model_is_built():
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    compat.build_all(model, (tf.TensorSpec((None, 3)), tf.TensorSpec((None, 2))))
    assert model.built
    assert model.optimizer.built
    assert len([v for metric in model.metrics for v in metric.variables]) == 4


def test_a_replaced_step_is_used_after_functions_are_forgotten():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0)
    model.train_step = lambda data: {"other": tf.constant(7.0)}
    compat.forget_functions(model)
    history = model.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0).history
    assert history["other"] == [7.0]


def test_curves_of_batches_go_on_at_a_number(tmp_path):
    callback = keras.callbacks.TensorBoard(tmp_path, update_freq="batch")
    assert "_global_train_batch" in inspect.getsource(keras.callbacks.TensorBoard)
    compat.start_batches_at(callback, 5)
    assert callback._global_train_batch == 5


def test_graphs_are_released():
    registry = ops.gradient_registry._registry
    before = set(registry)
    with compat.release_graphs():

        @tf.function
        def step(x):
            return tf.custom_gradient(lambda y: (y, lambda grad: grad))(x)

        step(tf.ones(()))
        assert any(name.startswith("CustomGradient-") for name in set(registry) - before)
    assert set(registry) == before


def test_the_default_summary_writer_is_kept(tmp_path):
    with pytest.raises(ZeroDivisionError), compat.keeping_summary_writer():  # noqa: PT012
        tf.summary.create_file_writer(str(tmp_path)).as_default(step=3).__enter__()
        assert tf.summary.experimental.get_step() == 3
        raise ZeroDivisionError
    assert tf.summary.experimental.get_step() is None
    assert not tf.summary.should_record_summaries()


def test_the_chief_and_the_client_of_keras_tuner_are_where_they_were():
    import grpc
    from keras_tuner.src.distribute import oracle_client

    before = oracle_client.TIMEOUT
    compat.set_client_timeout(3)
    assert oracle_client.TIMEOUT == 3
    compat.set_client_timeout(before)

    class Server:
        added = 0

        def add_generic_rpc_handlers(self, handlers):
            self.added += 1

        def add_registered_method_handlers(self, *arguments):
            pass

    server = Server()
    compat.serve_oracle(None, server)
    assert server.added == 1

    class Client:
        stub = None

    with grpc.insecure_channel("127.0.0.1:1") as channel:
        compat.connect_client(Client, channel)
    assert "self.stub.CreateTrial(" in inspect.getsource(oracle_client)
    assert callable(Client.stub.CreateTrial)
    assert grpc.__version__


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            keras_tuner.Oracle,
            "_get_oracle_fname _get_trial_dir _save_trial ongoing_trials end_order start_order",
        ),
        (oracles.GridSearchOracle, "_compare _ordered_ids _populate_next"),
        (oracles.BayesianOptimizationOracle, "_random_state"),
        (oracles.HyperbandOracle, "_get_size _get_num_brackets"),
        (
            keras_tuner.Tuner,
            "_get_tuner_fname _get_checkpoint_fname _is_worker _populate_initial_space "
            "_run_and_update_trial pre_create_trial",
        ),
        (keras_tuner.Oracle, "_retry_queue"),
    ],
    ids=str,
)
def test_what_the_search_overrides_is_still_there(kind, names):
    source = inspect.getsource(inspect.getmodule(kind))
    parents = "".join(
        inspect.getsource(inspect.getmodule(parent))
        for parent in kind.__mro__
        if parent is not object and inspect.getmodule(parent).__name__.startswith("keras_tuner")
    )
    for name in names.split():
        assert hasattr(kind, name) or f"self.{name}" in source + parents, name


def test_the_state_of_keras_and_tensorflow_is_kept():
    def numbers():
        return tf.random.uniform(()).numpy(), keras.random.uniform(()).numpy()

    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.utils.set_random_seed(7)
    numbers()
    expected = numbers()
    keras.utils.set_random_seed(7)
    numbers()
    with compat.keeping_state_of_keras():
        keras.utils.set_random_seed(0)
        keras.config.set_dtype_policy("float32")
        numbers()
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    keras.config.set_dtype_policy("float32")
    assert numbers() == expected
