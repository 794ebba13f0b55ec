"""Whatever it is, input is accepted, or refused in one line; code in it is not run."""

import json
import random
from collections import Counter
from pathlib import Path

import keras
import numpy as np
from fuzzing import naming_code
from fuzzing.mutations import read_zip, write_zip
from fuzzing.naming_code import PLANTED, name_code
from helpers import tiny_vgg
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from programs import refused

from vgg_keras.config import BenchmarkConfig, CompareConfig, SearchConfig, TrainConfig
from vgg_keras.datasets import load_dataset
from vgg_keras.errors import InputError
from vgg_keras.runs.files import json_values

json_of_any_kind = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def test_any_configuration_is_refused_or_read_again_as_it_was_written():
    answers: Counter[str] = Counter()

    @given(
        kind=st.sampled_from([TrainConfig, CompareConfig, SearchConfig, BenchmarkConfig]),
        data=st.data(),
    )
    def check(kind, data):
        fields = st.sampled_from([*kind().to_dict(), "unknown"])
        values = data.draw(st.dictionaries(fields, json_of_any_kind, max_size=3))
        try:
            config = kind.from_dict(values)
        except InputError:
            answers["refused"] += 1
            return
        answers["accepted"] += 1
        assert kind.from_dict(json.loads(json.dumps(json_values(config.to_dict())))) == config

    check()
    assert min(answers["accepted"], answers["refused"]) >= 3, answers


dtypes = st.sampled_from([np.uint8, np.int64, np.uint64, np.float32, np.complex64, bool, "U2"])
any_array = dtypes.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0)))
sound = st.integers(2, 200).map(lambda n: (np.zeros((n, 3, 3), np.uint8), np.arange(n)) * 2)
images = arrays(np.uint8, st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3)))
labels = arrays(np.int64, st.integers(0, 3), elements=st.integers(-1, 20_000))


def test_any_arrays_are_refused_or_loaded_as_images_and_labels(tmp_path):
    answers: Counter[str] = Counter()

    @given(data=sound | st.tuples(*[images | any_array, labels | any_array] * 2))
    def check(data):
        path = tmp_path / "own.npz"
        np.savez(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), data, strict=True)))
        try:
            loaded = load_dataset(str(path))
        except InputError:
            answers["refused"] += 1
            return
        answers["accepted"] += 1
        for x, y in loaded:
            assert x.dtype == np.uint8 or (x.dtype == np.float32 and 0 <= x.min() <= x.max() <= 1)
            assert x.shape == (len(y), *loaded.image_shape)
            assert 0 <= y.min() <= y.max() < loaded.classes

    check()
    assert min(answers["accepted"], answers["refused"]) >= 3, answers


def test_code_that_a_model_names_is_not_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tiny_vgg().save("model.keras")
    members = read_zip(Path("model.keras").read_bytes())
    for seed in range(20):
        config = name_code(random.Random(seed), members["config.json"].decode())
        Path("model.keras").write_bytes(write_zip({**members, "config.json": config}))
        refused(capsys, "predict", "model.keras", "none.png")
    assert not Path(PLANTED).exists()
    keras.saving.deserialize_keras_object(naming_code.a_lambda(), safe_mode=False)()
    assert Path(PLANTED).exists()  # the code does what it is for
