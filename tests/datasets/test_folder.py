"""Folders of images: which are for training, which for testing, and what is left out."""

import os
import zlib

import numpy as np
import pytest
from PIL import Image
from programs import in_process, refused

from vgg_keras import load_dataset, predict
from vgg_keras.datasets.folder import find_images
from vgg_keras.datasets.images import read_image
from vgg_keras.errors import InputError
from vgg_keras.runs.reading import read_result


def fill(folder, count, seed=0, suffix=".png", size=(8, 8)):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, zlib.crc32(str(folder).encode())])
    for index in range(count):
        pixels = rng.integers(0, 256, size, np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}{suffix}")


def counts(root):
    return [{name: len(files) for name, files in part.items()} for part in find_images(root)]


@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("Train", "TEST")])
def test_folders_train_and_test_are_used_as_they_are(tmp_path, train, test):
    for name in ("cat", "dog"):
        fill(tmp_path / train / name, 4)
        fill(tmp_path / test / name, 2)
    assert counts(tmp_path) == [{"cat": 4, "dog": 4}, {"cat": 2, "dog": 2}]
    assert load_dataset(tmp_path).class_names == ["cat", "dog"]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training", "testing"),
        ("train", "val"),
        ("Train", "valid"),
        ("TRAINING", "validation"),
        ("train", "eval"),
        ("train", "dev"),
        ("train_set", "test_set"),
        ("training-data", "Testing Data"),
        ("train_images", "test_images"),
    ],
)
def test_other_names_that_mean_a_split_are_no_classes(tmp_path, train, test):
    for part in (train, test):
        for name in ("cat", "dog"):
            fill(tmp_path / "around" / part / name, 2)
            fill(tmp_path / "within" / name / part, 2)
        fill(tmp_path / "flat" / part, 3)
    for layout in ("around", "within", "flat"):
        with pytest.raises(InputError, match=r"expected train and test, .*rename or move the fol"):
            load_dataset(tmp_path / layout)


def test_beside_test_images_those_for_validation_are_left_out_and_named(tmp_path, capsys):
    for part in ("train", "val", "test"):
        for name in ("cat", "dog"):
            fill(tmp_path / part / name, {"train": 4, "val": 3, "test": 2}[part])
    assert len(load_dataset(tmp_path).x_test) == 4
    assert "left out: 6 .png (val/cat/0.png, ...)" in capsys.readouterr().err


UNCLEAR = {
    "no test images": ["train/cat", "train/dog"],
    "no training images": ["test/cat", "test/dog"],
    "training images twice": ["train/cat", "Train/cat", "test/cat"],
    "classes beside": ["train/cat", "test/cat", "dog"],
    "no classes": ["train", "test"],
    "classes around": ["cat/train", "cat/test", "dog/train", "dog/test"],
    "one class split": ["cat/train", "cat/test", "dog"],
}


@pytest.mark.parametrize("folders", UNCLEAR.values(), ids=UNCLEAR)
def test_folders_whose_meaning_is_not_clear_are_refused(tmp_path, folders):
    for folder in folders:
        fill(tmp_path / folder, 3)
    with pytest.raises(InputError, match=r"expected (train and test|a folder of images)"):
        load_dataset(tmp_path)


def test_a_class_may_have_the_name_of_a_split(tmp_path):
    for name in ("train", "car", "bus"):
        fill(tmp_path / name, 20)
    assert load_dataset(tmp_path).class_names == ["bus", "car", "train"]


def test_one_file_more_moves_no_other_file(tmp_path):
    for name in ("cat", "dog"):
        fill(tmp_path / name, 60)
    before = [{file for files in part.values() for file in files} for part in find_images(tmp_path)]
    share = len(before[1]) / 120
    assert 0.1 < share < 0.3
    for index in range(20):
        new = tmp_path / "cat" / f"new{index}.png"
        Image.effect_noise((8, 8), 50).save(new)
        for part, files in zip(before, find_images(tmp_path), strict=True):
            assert {file for several in files.values() for file in several} - {new} == part
        new.unlink()


def test_every_class_with_two_images_is_trained_on_and_tested(tmp_path):
    for index in range(30):
        fill(tmp_path / f"{index:02}", 2)
    assert counts(tmp_path) == [{f"{index:02}": 1 for index in range(30)}] * 2


def test_nothing_is_left_out_without_a_word(tmp_path, capsys):
    fill(tmp_path / "cat", 9)
    fill(tmp_path / "dog", 9)
    assert load_dataset(tmp_path).classes == 2
    assert capsys.readouterr().err == ""
    fill(tmp_path / "cat" / ".ipynb_checkpoints", 2)
    fill(tmp_path / ".cache", 1)
    fill(tmp_path / "dog", 3, suffix=".webp")
    for name in ("cat/scan.tif", "cat/noname", "labels.csv", "dog/more.tif"):
        (tmp_path / name).touch()
    fill(tmp_path / "empty", 0)
    os.mkfifo(tmp_path / "cat" / "pipe.png")
    data = load_dataset(tmp_path)
    assert (data.classes, len(data.x_train) + len(data.x_test)) == (2, 18)
    said = capsys.readouterr().err
    assert said.startswith(f"Warning: of {tmp_path} these are left out: ")
    for part in (
        "3 .webp (dog/0.webp, ...)",
        "2 .tif (cat/scan.tif, ...)",
        "1 file without suffix (cat/noname)",
        "1 .csv (labels.csv)",
        "1 .png (cat/pipe.png)",
        "3 hidden .png (.cache/0.png, ...)",
        "1 empty folder (empty)",
    ):
        assert part in said


def test_classes_that_one_part_lacks_are_named_or_refused(tmp_path, capsys):
    for part, names in (("train", ["cat", "cow", "dog"]), ("test", ["cat", "dog"])):
        for name in names:
            fill(tmp_path / part / name, 3)
    assert load_dataset(tmp_path).classes == 3
    assert "has no test images of cow" in capsys.readouterr().err
    fill(tmp_path / "test" / "emu", 1)
    with pytest.raises(
        InputError, match="expected training images of each class, received none of emu"
    ):
        load_dataset(tmp_path)


def test_images_are_gray_only_if_all_are(tmp_path):
    for name in ("cat", "dog"):
        fill(tmp_path / name, 8)
    assert load_dataset(tmp_path).x_train.shape[-1] == 1
    Image.new("RGB", (8, 8), "red").save(tmp_path / "dog" / "red.png")
    assert load_dataset(tmp_path).x_train.shape[-1] == 3


SMALL = ["--epochs", "1", "--filters", "2", "--dense", "4", "--quiet"]


@pytest.mark.slow
def test_photos_get_the_size_that_is_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("cat", "dog"):
        fill(tmp_path / "photos" / name, 8, size=(40, 30))
    options = [*SMALL, "--dataset", "photos", "--name", "a"]
    assert in_process("train", *options, "--image-size", "12,10") == 0
    assert "12,10" in (tmp_path / "logs/train/a/report.html").read_text().replace(", ", ",")
    assert in_process("evaluate", "logs/train/a") == 0
    capsys.readouterr()
    line = refused(capsys, "train", *SMALL, "--dataset", "mnist", "--image-size", "12")
    assert "--image-size: expected none but for a folder of images" in line
    line = refused(capsys, "train", *SMALL, "--dataset", "photos", "--image-size", "0,5")
    assert "--image-size: expected height and width from 1 to 4096" in line


def test_a_model_that_no_memory_holds_is_refused_before_anything_is_written(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name in ("cat", "dog"):
        fill(tmp_path / "photos" / name, 3)
    options = ["--dataset", "photos", "--image-size", "4096", "--filters", "4096"]
    line = refused(capsys, "train", *options, "--dense", "4096", "--logdir", "logs")
    assert "GB of memory, received one that needs" in line
    assert not (tmp_path / "logs").exists()


def test_class_names_are_in_result_report_and_prediction(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("10", "9", "cat"):
        fill(tmp_path / "photos" / name, 12)
    assert in_process("train", *SMALL, "--dataset", "photos", "--name", "a") == 0
    result = read_result(tmp_path / "logs/train/a")
    assert result.config["data_facts"]["class_names"] == ["10", "9", "cat"]
    page = (result.path / "report.html").read_text()
    for mistake in result.runs[0].mistakes:
        label, predicted = (["10", "9", "cat"][i] for i in (mistake.label, mistake.predicted))
        assert f"{label} taken for {predicted}" in page
    assert result.runs[0].mistakes
    files = sorted((tmp_path / "photos").rglob("*.png"))
    model = result.model
    for file, row in zip(files, predict(result.path, files), strict=True):
        best = int(model(read_image(file, channels=1)[None] / np.float32(255))[0].numpy().argmax())
        assert row["class"] == [10, 9, "cat"][best]
