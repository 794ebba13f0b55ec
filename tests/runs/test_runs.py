import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from vgg_keras.config import CompareConfig, ModelConfig, RunConfig, SearchConfig, TrainConfig
from vgg_keras.config.lists import Choices, FilterCounts, Steps, Units, Variants
from vgg_keras.errors import InputError
from vgg_keras.runs.directory import create_run_directory
from vgg_keras.runs.files import json_values, write_json
from vgg_keras.runs.result_file import ResultFile
from vgg_keras.runtime.machine import environment

BAD_OPTIONS = {
    "epochs": 0,
    "batch_size": -1,
    "steps_per_execution": 0,
    "limit": 0,
    "seed": -1,
    "filters": FilterCounts([0]),
    "class_weight": {-1: 1.0},
    "name": "a/b",
}


@pytest.mark.parametrize("option", BAD_OPTIONS)
def test_a_bad_option_is_named_with_what_was_expected_and_received(option):
    with pytest.raises(InputError, match=f"^{option}: expected .*received"):
        ModelConfig(**{option: BAD_OPTIONS[option]})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("epochs", 1.5),
        ("epochs", "3"),
        ("epochs", None),
        ("epochs", True),
        ("dataset", None),
        ("precision", "x"),
        ("filters", "4,x"),
        ("filters", [1.5]),
        ("filters", {}),
        ("class_weight", [1.0]),
        ("class_weight", {"a": 1.0}),
        ("histograms", 1),
        ("logdir", 3),
        ("model", "nope"),
        ("sources", []),
    ],
)
def test_a_value_of_another_type_is_named(option, value):
    with pytest.raises(InputError, match=f"^{option}: expected .*received"):
        TrainConfig(**{option: value})


@pytest.mark.parametrize(
    ("option", "value", "taken"),
    [
        ("filters", "8,16", (8, 16)),
        ("filters", [8, 16], (8, 16)),
        ("filters", np.array([8, 16]), (8, 16)),
        ("filters", range(1, 3), (1, 2)),
        ("dense", 64, (64,)),
        ("seed", np.int64(3), 3),
        ("learning_rate", np.float32(0.5), 0.5),
        ("logdir", Path("logs"), "logs"),
        ("dataset", Path("own.npz"), "own.npz"),
        ("class_weight", {"0": np.float32(1.5)}, {0: 1.5}),
        ("histograms", np.True_, True),
        ("profile", "10,20", (10, 20)),
    ],
)
def test_values_that_people_have_at_hand_are_taken(option, value, taken):
    given = getattr(TrainConfig(**{option: value}), option)
    assert given == taken
    assert type(given) in (type(taken), FilterCounts, Units, Steps)


def test_filters_go_with_the_reduced_vgg_only():
    assert ModelConfig(filters=FilterCounts([8, 16])).filters == (8, 16)
    assert ModelConfig(filters=(8, 16)).filters == (8, 16)
    with pytest.raises(InputError, match="use model mnist"):
        ModelConfig(model="vgg16", filters=FilterCounts([8, 16]))


def test_the_defaults_are_the_notebooks_experiment():
    config = CompareConfig()
    assert (config.dataset, config.model, config.epochs, config.batch_size) == (
        "mnist",
        "mnist",
        5,
        32,
    )
    assert (config.seed, config.seeds, config.precision) == (0, 1, "float32")
    assert TrainConfig().trainer == "tape"
    with pytest.raises(InputError, match="seeds"):
        CompareConfig(seeds=0)


@given(st.lists(st.integers(1, 10**6), min_size=1))
def test_filter_counts_are_read_as_they_are_written(counts):
    filters = FilterCounts(counts)
    assert FilterCounts.parse(str(filters)) == filters == tuple(counts)


@given(st.lists(st.integers(1, 10**6) | st.floats(1e-300, 1e300), min_size=1))
def test_choices_are_read_as_they_are_written(values):
    choices = Choices(values)
    assert Choices.parse(str(choices)) == Choices.parse(values) == choices


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(filters=FilterCounts([8, 16]), class_weight={0: 2.0}, limit=7),
        CompareConfig(seeds=3, variants=Variants(["tape", "fit:bfloat16"])),
        SearchConfig(workers="auto", batch_size_choices=Choices([16, 32])),
    ],
)
def test_a_configuration_is_read_from_json_as_it_was_written(config):
    values = json.loads(json.dumps(json_values(config.to_dict())))
    assert type(config).from_dict(values) == config
    with pytest.raises(InputError, match=r"expected the fields of .*received unknown"):
        type(config).from_dict({**values, "unknown": 1})


def test_precision_has_keras_own_name():
    assert RunConfig().dtype_policy == "float32"
    assert RunConfig(precision="bfloat16").dtype_policy == "mixed_bfloat16"


def test_a_run_has_a_directory_of_its_own(tmp_path):
    path = create_run_directory(str(tmp_path), "compare", "first")
    assert path == tmp_path / "compare" / "first"
    assert list(path.iterdir()) == []
    with pytest.raises(InputError, match="name: expected the name of a new run, received first"):
        create_run_directory(str(tmp_path), "compare", "first")
    assert create_run_directory(str(tmp_path), "compare", None).parent == path.parent


def test_a_log_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for logdir in (tmp_path / "file", "/proc"):
        with pytest.raises(InputError, match="logdir: expected a folder"):
            create_run_directory(str(logdir), "compare", "first")


def test_in_python_output_that_nobody_reads_is_not_taken_for_a_bad_log_folder(tmp_path, capsys):
    home = create_run_directory(str(tmp_path), "train", "a")
    with pytest.raises(BrokenPipeError), ResultFile(home, TrainConfig(logdir=str(tmp_path))):
        raise BrokenPipeError
    assert json.loads((home / "result.json").read_text())["status"] == "interrupted"
    assert capsys.readouterr().err.startswith("Go on with: vgg-keras train --config ")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@settings(max_examples=25)
@given(value=st.dictionaries(st.text(), values))
def test_json_keeps_every_bit_of_a_value(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "result.json"
    write_json(path, value)
    assert json.loads(path.read_text(encoding="utf-8")) == value
    assert [file.name for file in path.parent.iterdir()] == ["result.json"]


def test_json_has_null_where_a_figure_is_not_finite(tmp_path):
    write_json(tmp_path / "a.json", {"loss": [math.nan, math.inf, 0.5]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"loss": [None, None, 0.5]}


def test_a_value_that_is_no_json_leaves_the_file_as_it_was(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1}


@pytest.mark.parametrize(
    ("error", "status"),
    [(None, "finished"), (KeyboardInterrupt, "interrupted"), (RuntimeError, "failed")],
)
def test_a_result_says_how_the_run_ended(tmp_path, error, status):
    home = tmp_path / "search" / "a"
    home.mkdir(parents=True)

    def read():
        return json.loads((home / "result.json").read_text())

    def run():
        with ResultFile(home, SearchConfig(), data={"train": 1}) as file:
            assert read()["status"] == "running"
            file.update(space={"filters_1": {}})
            assert read()["space"] == file.result.space == {"filters_1": {}}
            if error:
                raise error

    if error:
        with pytest.raises(error):
            run()
    else:
        run()
    assert read()["status"] == status
    assert read()["data"] == {"train": 1}
    assert read()["command"] == "search"
    expected = SearchConfig(name="a").to_dict()
    assert json.loads((home / "config.json").read_text()) == json_values(expected)


def test_the_environment_names_versions_and_machine():
    facts = environment()
    assert facts["packages"]["tensorflow"].startswith("2.21")
    assert facts["packages"]["keras"].startswith("3.15")
    assert facts["cores"] >= 1
    assert facts["processor"]
    assert facts["onednn"] == os.environ["TF_ENABLE_ONEDNN_OPTS"]
    assert len(facts["gpus"]) == len(tf.config.list_physical_devices("GPU"))
