"""What the user has set for the whole process neither changes a run, nor is changed by one."""

import json
import os
import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from programs import in_process
from trainings import SMALL, run

from vgg_keras import VGG, load_dataset
from vgg_keras.errors import InputError
from vgg_keras.runtime.settings import one_training, standard_settings

OTHERS = {
    "floatx": ("float16", "float32"),
    "epsilon": (0.1, 1e-7),
    "image_data_format": ("channels_first", "channels_last"),
    "max_epochs": (1, None),
    "max_steps_per_epoch": (1, None),
}


@pytest.fixture
def other_settings():
    """Each setting is another one, and the usual one afterwards."""
    for name, (other, _) in OTHERS.items():
        getattr(keras.config, f"set_{name}")(other)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    tf.config.run_functions_eagerly(True)
    option = "auto_mixed_precision_onednn_bfloat16"
    tf.config.optimizer.set_experimental_options({option: True})
    errors = np.seterr(all="raise")
    yield
    for name, (_, usual) in OTHERS.items():
        getattr(keras.config, f"set_{name}")(usual)
    keras.mixed_precision.set_global_policy("float32")
    tf.config.run_functions_eagerly(False)
    tf.config.optimizer.set_experimental_options({option: False})
    np.seterr(**errors)


def settings():
    return (
        *(getattr(keras.config, name)() for name in OTHERS),
        keras.config.dtype_policy().name,
        tf.config.functions_run_eagerly(),
        tf.config.optimizer.get_experimental_options()["auto_mixed_precision_onednn_bfloat16"],
        np.geterr(),
    )


def random_numbers():
    drawn = random.random(), np.random.rand(), tf.random.uniform(()).numpy()
    return *drawn, keras.random.uniform(()).numpy()


def test_a_run_has_the_standard_settings_and_the_process_its_own_afterwards(other_settings):
    before = settings()
    with standard_settings():
        *values, policy, eagerly, rewritten, errors = settings()
        assert values == [usual for _, usual in OTHERS.values()]
        assert (policy, eagerly, rewritten) == ("float32", False, False)
        assert errors == {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
    assert settings() == before


def test_a_run_leaves_random_numbers_as_they_were():
    keras.utils.set_random_seed(7)
    expected = random_numbers()
    keras.utils.set_random_seed(7)
    with standard_settings():
        keras.utils.set_random_seed(0)
        random_numbers()
    assert random_numbers() == expected


def test_an_error_in_a_run_leaves_the_settings_as_they_were(other_settings):
    before = settings()
    with pytest.raises(ZeroDivisionError), standard_settings():
        raise ZeroDivisionError
    assert settings() == before


def test_one_training_at_a_time_and_the_next_one_after_an_error():
    with pytest.raises(ZeroDivisionError), one_training():  # noqa: PT012
        with pytest.raises(InputError, match="training: expected one run at a time"):
            run(None, "a")
        raise ZeroDivisionError
    with one_training():
        pass


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["tape", "fit"])
def test_other_settings_of_keras_do_not_change_the_bits_of_a_training(
    tmp_path, other_settings, trainer
):
    other = run(tmp_path, "other", trainer=trainer)
    with standard_settings():
        usual = run(tmp_path, "usual", trainer=trainer)
    assert other.runs[0].digests == usual.runs[0].digests
    assert other.runs[0].test == usual.runs[0].test
    assert other.model.stack[0].data_format == "channels_last"


def test_other_settings_of_keras_do_not_change_a_data_set(other_settings):
    assert load_dataset("mnist", 80).x_train.shape == (80, 28, 28, 1)


def test_a_run_inside_of_a_graph_or_a_strategy_is_refused():
    with pytest.raises(InputError, match="TensorFlow: expected eager"), tf.Graph().as_default():
        run(None, "a")
    with pytest.raises(InputError, match="strategy: expected none around a run"):  # noqa: SIM117
        with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
            run(None, "a")


@pytest.mark.parametrize(
    ("name", "value"), [("KERAS_BACKEND", "torch"), ("TF_USE_LEGACY_KERAS", "1")]
)
def test_in_python_another_keras_is_refused_in_one_line(name, value):
    code = "import vgg_keras\nvgg_keras.TrainConfig()\nvgg_keras.train"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"InputError: {name}: expected " in done.stderr.splitlines()[-1]
    assert "received " + value in done.stderr.splitlines()[-1]


def test_a_process_in_which_keras_runs_on_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(InputError, match=r"KERAS_BACKEND: expected tensorflow, .* received torch"):
        run(None, "a")


def program(home, options, **environment):
    command = [sys.executable, "-m", "vgg_keras", *options]
    return subprocess.run(
        command,
        env={**os.environ, "KERAS_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", ["train", "search"])
def test_the_program_has_its_own_settings_whatever_keras_json_and_the_environment_say(
    tmp_path, capsys, command
):
    small = {
        "train": "--limit 80 --epochs 2 --filters 4",
        "search": "--limit 200 --epochs 1 --trials 2 --workers 2 --convolutions-choices 1 "
        "--filters-choices 2,4 --dense-choices 8",
    }[command].split()
    other = {"floatx": "float16", "image_data_format": "channels_first", "backend": "torch"}
    (tmp_path / "keras.json").write_text(json.dumps({**other, "epsilon": 0.1}))
    environment = {"KERAS_BACKEND": "torch", "TF_USE_LEGACY_KERAS": "1", "KERAS_MAX_EPOCHS": "1"}
    arguments = [command, *small, "--json", "--logdir", str(tmp_path)]
    done = program(tmp_path, arguments, **environment)
    assert done.returncode == 0, done.stderr
    assert in_process(*arguments) == 0
    results = [json.loads(output) for output in (done.stdout, capsys.readouterr().out)]
    if command == "train":
        first, second = ([run["digests"], run["test"]] for run in (r["runs"][0] for r in results))
    else:
        first, second = (
            {trial["id"]: (trial["values"], trial["score"]) for trial in result["trials"]}
            for result in results
        )
    assert first == second


def test_a_keras_json_that_keras_cannot_use_is_refused_in_one_line(tmp_path):
    (tmp_path / "keras.json").write_text('{"epsilon": 1}')
    done = program(tmp_path, ["train", *map(str, ("--limit", SMALL["limit"]))])
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "Keras: expected a configuration in keras.json" in line


def test_a_model_of_the_users_own_has_the_users_settings(other_settings):
    assert VGG().dtype_policy.name == "mixed_bfloat16"
