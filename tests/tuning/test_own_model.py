"""A search among models that a function of the user's makes, and what is done with its result."""

import keras
import numpy as np
import pytest

from vgg_keras import evaluate, rerun, search, train
from vgg_keras.errors import InputError

layers = keras.layers


def make_model(hp):
    units = hp.Int("units", 4, 12, step=4)
    rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
    activation = hp.Choice("activation", ["relu", "tanh"])
    middle = [layers.Flatten(), layers.Dense(units, activation)]
    with hp.conditional_scope("activation", ["relu"]):
        if activation == "relu":
            middle.append(layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.25), seed=1))
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), *middle, layers.Dense(10, "softmax")], name="own"
    )
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def parameters(units):
    return 785 * units + (units + 1) * 10


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    return search(model=make_model, trials=2, limit=200, epochs=1, logdir=logs, verbose=0)


def has_design(model, values):
    dense = model.layers[1]
    return (
        dense.units == values["units"]
        and dense.activation.__name__ == values["activation"]
        and float(model.optimizer.learning_rate.numpy()) == np.float32(values["rate"])
        and [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)]
        == [values[name] for name in values if name == "dropout"]
    )


@pytest.mark.slow
def test_the_space_is_what_the_function_declares(found):
    conditions = [{"name": "activation", "values": ["relu"]}]
    assert found.space == {
        "units": {"kind": "Int", "values": [4, 8, 12], "conditions": []},
        "rate": {"kind": "Float", "values": [0.0001, 0.01], "conditions": []},
        "activation": {"kind": "Choice", "values": ["relu", "tanh"], "conditions": []},
        "dropout": {"kind": "Float", "values": [0.0, 0.25, 0.5], "conditions": conditions},
    }


def test_each_trial_has_values_of_the_space_and_the_best_is_retrained(found):
    assert found.status == "finished"
    assert [trial.status for trial in found.trials] == ["completed"] * 2
    assert len({str(trial.values) for trial in found.trials}) == 2
    for trial in found.trials:
        values = trial.values
        assert values["units"] in (4, 8, 12)
        assert 1e-4 <= values["rate"] <= 1e-2
        assert values["activation"] in ("relu", "tanh")
        assert values.get("dropout") in (
            (0.0, 0.25, 0.5) if values["activation"] == "relu" else (None,)
        )
        assert set(values) <= set(found.space)
        assert trial.parameters == parameters(values["units"])
    best = max(found.trials, key=lambda trial: trial.score)
    assert (found.best.trial, found.best.score) == (best.id, best.score)
    assert found.best.values == best.values
    assert found.best.test.total == found.data["test"] == 33
    assert has_design(found.model, best.values)
    (again,) = evaluate(found.path, model=make_model).values()
    assert again == found.best.test


def test_a_trial_that_is_run_again_has_its_score(found):
    for trial in found.trials:
        history = rerun(found.path, trial.id, model=make_model)
        assert max(history.history["val_accuracy"]) == trial.score
        assert has_design(history.model, trial.values)


@pytest.mark.slow
def test_the_best_design_is_trained_from_the_folder_of_the_search(found, tmp_path):
    trained = train(
        from_run=found.path, model=make_model, epochs=1, limit=200, logdir=tmp_path, verbose=0
    )
    assert has_design(trained.model, found.best.values)
    assert trained.config["hyperparameters"] == found.best.values


@pytest.mark.slow
def test_data_that_are_handed_in_are_searched_on_and_a_trial_is_run_again_on_them(tmp_path, digits):
    options = {"filters_choices": [2, 4], "convolutions_choices": [1], "dense_choices": [8]}
    found = search(
        data=digits, trials=1, epochs=1, logdir=tmp_path, batch_size=16, verbose=0, **options
    )
    assert found.data["train"] + found.data["validation"] == 80
    assert found.best.test.total == found.data["test"] == 13
    history = rerun(found.path, "0", data=digits)
    assert history.history["val_accuracy"] == found.trials[0].scores
    with pytest.raises(InputError, match="dataset: expected the data that the run was given"):
        rerun(found.path, "0")


@pytest.mark.parametrize("given", ["model", "trainer", "data"])
def test_workers_take_names_only_and_nothing_is_written_for_what_has_none(tmp_path, digits, given):
    parts = {"model": make_model, "trainer": lambda *_: None, "data": digits}
    with pytest.raises(InputError, match="workers: expected 1 with functions and data of this"):
        search(**{given: parts[given]}, workers=2, trials=2, logdir=tmp_path / "logs", verbose=0)
    assert not (tmp_path / "logs").exists()


@pytest.mark.slow
def test_workers_find_the_function_by_its_name(found, tmp_path):
    named = search(
        model=f"{__file__}:make_model",
        workers=2,
        trials=2,
        limit=200,
        epochs=1,
        logdir=tmp_path,
        verbose=0,
    )
    assert [trial.status for trial in named.trials] == ["completed"] * 2
    assert named.space == found.space
    assert [trial.values for trial in named.trials] == [trial.values for trial in found.trials]
    assert has_design(named.model, named.best.values)
