"""`predict` says how sure it is, and what it saw."""

import json

import keras
import numpy as np
import pytest
from helpers import tiny_vgg
from PIL import Image
from programs import in_process, refused

from vgg_keras import predict
from vgg_keras.cli.terminal import MOST_PICTURES
from vgg_keras.training.inference import SURE


@pytest.fixture
def model(tmp_path):
    tiny_vgg().save(tmp_path / "a.keras")
    return tmp_path / "a.keras"


@pytest.fixture
def files(tmp_path, mnist):
    """A digit as MNIST has it, on white paper, and black on nothing."""
    digit = mnist.x_test[0, ..., 0]
    transparent = np.zeros((28, 28, 4), np.uint8)
    transparent[..., 3] = digit
    paths = [tmp_path / name for name in ("digit.png", "paper.png", "transparent.png")]
    for path, pixels in zip(paths, (digit, 255 - digit, transparent), strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def own_model(outputs):
    return lambda: keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(outputs)]
    )


def test_a_digit_on_light_ground_is_inverted_for_a_model_of_mnist(model, files, mnist):
    digit, paper, transparent = predict(model, files)
    assert [digit["inverted"], paper["inverted"], transparent["inverted"]] == [False, True, True]
    for row in (digit, paper, transparent):
        assert np.array_equal(row["picture"], mnist.x_test[0])
        assert row["top"] == digit["top"]


def test_nothing_is_inverted_for_a_model_of_other_data(tmp_path, files):
    own_model(10)().save(tmp_path / "b.keras")
    (tmp_path / "config.json").write_text('{"dataset": "photos", "model": "my.py:make"}')
    (tmp_path / "result.json").write_text("{}")
    rows = predict(tmp_path / "b.keras", files, model=own_model(10))
    assert not any(row["inverted"] for row in rows)


@pytest.mark.parametrize("outputs", [10, 1])
def test_the_three_most_probable_classes_have_probabilities(tmp_path, files, outputs):
    own_model(outputs)().save(tmp_path / "logits.keras")
    for row in predict(tmp_path / "logits.keras", files, model=own_model(outputs)):
        shares = [each["probability"] for each in row["top"]]
        assert len(shares) == (3 if outputs == 10 else 2)
        assert shares == sorted(shares, reverse=True)
        assert 0 <= shares[-1] <= shares[0] <= sum(shares) < 1.000001
        assert row["top"][0] == {name: row[name] for name in ("class", "probability")}
        assert row["unsure"] is (row["probability"] < SURE)


def test_the_program_shows_the_picture_and_what_the_model_is_unsure_of(model, files, capsys):
    assert in_process("predict", model, *files[:2]) == 0
    shown = capsys.readouterr().out
    assert shown.count("as the model sees it") == 2
    assert shown.count("@") > 20
    assert shown.count("unsure, inverted") == 1
    assert "unsure: a probability below 80%" in shown
    assert "inverted: the border is light" in shown
    many = [files[0].with_name(f"{number}.png") for number in range(MOST_PICTURES + 1)]
    for path in many:
        path.write_bytes(files[0].read_bytes())
    assert in_process("predict", model, *many) == 0
    assert "as the model sees it" not in capsys.readouterr().out
    assert in_process("predict", model, files[0], "--json") == 0
    (row,) = json.loads(capsys.readouterr().out).values()
    assert {*row} == {"class", "probability", "top", "unsure", "inverted"}


def test_a_model_that_is_no_classifier_is_refused(tmp_path, files, capsys):
    keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(2, 3)]).save(
        tmp_path / "a.keras"
    )
    (tmp_path / "my.py").write_text(
        "import keras\n"
        "def make():\n"
        "    return keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(2, 3)])\n"
    )
    reference = f"{tmp_path / 'my.py'}:make"
    line = refused(capsys, "predict", tmp_path / "a.keras", files[0], "--model", reference)
    assert "expected a classifier" in line
