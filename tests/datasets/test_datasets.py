import hashlib
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from vgg_keras.datasets import Arrays, load_dataset
from vgg_keras.errors import InputError

SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
DAMAGED: Counter[str] = Counter()
FASHION = Path("/usr/share/datasets/fashion-mnist")


def test_mnist_in_the_package_is_the_original(mnist):
    assert mnist.x_train.shape == (60000, 28, 28, 1)
    assert mnist.x_test.shape == (10000, 28, 28, 1)
    assert mnist.x_train.dtype == mnist.x_test.dtype == np.uint8
    assert mnist.classes == 10
    for name, sha256 in SHA256.items():
        assert hashlib.sha256(getattr(mnist, name).tobytes()).hexdigest() == sha256, name


def test_limit_keeps_the_share_of_test_images_and_all_classes(mnist):
    few = mnist.first(6000)
    assert (len(few.x_train), len(few.x_test)) == (6000, 1000)
    assert np.array_equal(few.x_train, mnist.x_train[:6000])
    assert mnist.first(1).classes == 10
    assert len(mnist.first(1).x_test) == 1
    assert mnist.first(70000) is mnist


def good_arrays(images=6, tests=3):
    return {
        "x_train": np.zeros((images, 8, 8), np.uint8),
        "y_train": np.arange(images) % 3,
        "x_test": np.zeros((tests, 8, 8), np.uint8),
        "y_test": np.arange(tests) % 3,
    }


def test_a_users_npz_is_loaded_and_gets_a_channel_axis(tmp_path):
    np.savez(tmp_path / "own.npz", **good_arrays())
    arrays = load_dataset(str(tmp_path / "own.npz"))
    assert arrays.x_train.shape == (6, 8, 8, 1)
    assert arrays.classes == 3


BAD = {
    "wrong rank": ({"x_train": np.zeros((6, 64), np.uint8)}, "x_train: expected shape"),
    "wrong dtype": ({"x_train": np.zeros((6, 8, 8), np.int32)}, "x_train: expected dtype uint8"),
    "unclear range": (
        {"x_train": np.full((6, 8, 8), 1.5)},
        "x_train: expected dtype uint8 with values 0 to 255, or floats from 0 to 1, received",
    ),
    "negative": ({"x_test": np.full((3, 8, 8), -1.0)}, "received floats from -1 to -1"),
    "float labels": ({"y_train": np.zeros(6)}, "y_train: expected an integer dtype"),
    "label rank": ({"y_train": np.zeros((6, 2), int)}, "y_train: expected shape"),
    "one class": ({"y_train": np.zeros(6, int)}, "y_train: expected labels of at least two"),
    "negative label": (
        {"y_train": np.array([0, 1, 2, 0, 1, -1])},
        "y_train: expected labels from 0",
    ),
    "huge label": (
        {"y_train": np.array([0, 1, 2, 0, 1, 10**6])},
        "y_train: expected labels from 0",
    ),
    "unknown test label": ({"y_test": np.array([0, 1, 3])}, "y_test: expected labels from 0 to 2"),
    "lengths": (
        {"y_train": np.zeros(5, int)},
        "y_train: expected 6 rows, as in x_train",
    ),
    "sizes": ({"x_test": np.zeros((3, 9, 9), np.uint8)}, "x_test: expected images of shape"),
    "empty": ({"x_test": np.zeros((0, 8, 8), np.uint8)}, "x_test: expected at least one row"),
    "objects": ({"y_train": np.array([{}] * 6)}, "expected an .npz file"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_unusable_arrays_are_refused(tmp_path, changes, message):
    np.savez(tmp_path / "own.npz", **{**good_arrays(), **changes})
    with pytest.raises(InputError, match=message):
        load_dataset(str(tmp_path / "own.npz"))


def test_an_npz_without_a_key_is_refused(tmp_path):
    arrays = good_arrays()
    del arrays["y_test"]
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(InputError, match="no y_test"):
        load_dataset(str(tmp_path / "own.npz"))


@given(content=st.binary(max_size=300))
def test_any_file_that_is_no_npz_is_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("npz") / "own.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"expected an \.npz file"):
        load_dataset(str(path))


# bytes 6 and 8 of the archive are flags and method of the first member: encrypted, unknown
@example(position=6, byte=1)
@example(position=8, byte=99)
@given(position=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_damaged_npz_is_loaded_or_refused(tmp_path_factory, position, byte):
    path = tmp_path_factory.mktemp("npz") / "own.npz"
    np.savez_compressed(path, **good_arrays())
    content = bytearray(path.read_bytes())
    content[position % len(content)] = byte
    path.write_bytes(content)
    try:
        assert load_dataset(str(path)).x_train.shape == (6, 8, 8, 1)
    except InputError:
        DAMAGED["refused"] += 1
    else:
        DAMAGED["loaded"] += 1


def test_of_damaged_files_some_were_loaded_and_some_refused():
    assert DAMAGED["loaded"] >= 3, DAMAGED
    assert DAMAGED["refused"] >= 3, DAMAGED


@pytest.mark.parametrize("name", ["mnits", "x" * 300, "a\0b"], ids=["typo", "long", "null"])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(InputError, match=r"expected mnist, fashion_mnist.*received"):
        load_dataset(name)


def save_images(folder, count, value, size=(12, 10)):
    folder.mkdir(parents=True)
    for index in range(count):
        Image.new("L", size, value).save(folder / f"{index}.png")


def test_a_folder_of_class_folders_is_split_into_training_and_test(tmp_path):
    save_images(tmp_path / "dark", 10, 0)
    save_images(tmp_path / "light", 10, 255)
    arrays = load_dataset(str(tmp_path))
    assert arrays.x_train.shape == (16, 10, 12, 1)
    assert arrays.x_test.shape == (4, 10, 12, 1)
    for images, labels in ((arrays.x_train, arrays.y_train), (arrays.x_test, arrays.y_test)):
        assert np.array_equal(images[:, 0, 0, 0], labels * 255)
    assert np.array_equal(arrays.y_train, load_dataset(str(tmp_path)).y_train)
    assert set(arrays.y_train[:8]) == {0, 1}


def test_a_folder_with_train_and_test_is_used_as_it_is(tmp_path):
    for part, count in (("train", 5), ("test", 2)):
        save_images(tmp_path / part / "a", count, 10)
        save_images(tmp_path / part / "b", count, 20)
    arrays = load_dataset(str(tmp_path))
    assert (len(arrays.x_train), len(arrays.x_test)) == (10, 4)
    assert np.array_equal(arrays.x_test[:, 0, 0, 0], 10 + 10 * arrays.y_test)


def test_hidden_folders_are_no_classes_and_nothing_is_printed(tmp_path, capsys):
    for name in ("a", "b", ".cache"):
        save_images(tmp_path / name, 5, 0)
    assert load_dataset(str(tmp_path)).classes == 2
    assert capsys.readouterr().out == ""


def test_an_unusable_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="at least two classes, received 0 classes and 0 images"):
        load_dataset(str(tmp_path))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"0\.png: expected an image"):
        load_dataset(str(tmp_path))


@pytest.mark.slow
def test_without_a_network_the_error_says_which_file_to_put_where(tmp_path):
    environment = {
        "KERAS_HOME": str(tmp_path),
        "PATH": "",
        **{f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")},
    }
    code = """if True:
        import sys
        from vgg_keras import load_dataset
        from vgg_keras.errors import InputError
        for name in ("fashion_mnist", "cifar10", "cifar100"):
            try:
                load_dataset(name)
            except InputError as error:
                print(error, file=sys.stderr)
    """
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("dataset ")]
    assert len(errors) == 3, done.stderr
    for error in errors:
        assert "without one, put " in error
        assert error.endswith(f" under {tmp_path}")


@pytest.mark.slow
@pytest.mark.skipif(not FASHION.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnist_put_into_keras_folder_is_found(tmp_path):
    folder = tmp_path / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file in FASHION.glob("*.gz"):
        shutil.copy(file, folder)
    code = (
        "from vgg_keras import load_dataset; arrays = load_dataset('fashion_mnist'); "
        "print(arrays.x_train.shape, arrays.x_test.shape, arrays.y_train.shape, arrays.classes)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"KERAS_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert done.stdout.strip() == "(60000, 28, 28, 1) (10000, 28, 28, 1) (60000,) 10"


NONSENSE = {
    "channels first": (
        {"x_train": np.zeros((6, 3, 32, 32), np.uint8)},
        r"x_train: .*channels last, received \(6, 3, 32, 32\), where they come first; use nump",
    ),
    "highest value 1": (
        {"x_train": np.eye(8, dtype=np.uint8)[None].repeat(6, 0)},
        "x_train: .*received a highest value of 1; multiply by 255",
    ),
    "wide": ({"x_train": np.zeros((6, 2, 5000), np.uint8)}, "at most 4096 pixels a side"),
    "a table": ({"x_train": np.zeros((6, 64), np.uint8)}, r"x_train: expected shape \(images"),
    "a tested table": ({"x_test": np.zeros((3, 64), np.uint8)}, r"x_test: expected shape \(images"),
}


@pytest.mark.parametrize(("changes", "message"), NONSENSE.values(), ids=NONSENSE)
def test_data_that_make_no_sense_are_refused(tmp_path, changes, message):
    np.savez(tmp_path / "own.npz", **{**good_arrays(), **changes})
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path / "own.npz")


def test_images_that_are_all_equal_are_warned_of(tmp_path, capsys):
    equal = {**good_arrays(), "x_train": np.full((6, 8, 8), 7, np.uint8)}
    np.savez(tmp_path / "own.npz", **equal)
    load_dataset(tmp_path / "own.npz")
    assert "Warning: the 6 images of x_train are all equal" in capsys.readouterr().err


def test_what_a_model_of_ones_own_is_trained_and_tested_on_has_one_shape():
    x, y = np.zeros((6, 4)), np.zeros((6, 2))
    Arrays.of(x, y, x, y).check_shapes()
    for name, arrays in (("x_test", (x, y, x[:, :3], y)), ("y_test", (x, y, x, y[:, :1]))):
        with pytest.raises(InputError, match=f"{name}: expected rows of shape"):
            Arrays.of(*arrays).check_shapes()


def test_the_name_of_a_data_set_is_no_folder_of_that_name(tmp_path, monkeypatch, mnist):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    assert load_dataset("mnist").digest() == mnist.digest()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, tf.bfloat16.as_numpy_dtype, "U3"])
def test_one_value_more_or_less_is_another_digest(dtype):
    x, y = np.arange(12).reshape(6, 2).astype(dtype), np.arange(6) % 2
    other = x.copy()
    other[3, 1] = 0
    assert Arrays.of(x, y, x, y).digest() == Arrays.of(x.copy(), y, x, y).digest()
    assert Arrays.of(x, y, x, y).digest() != Arrays.of(other, y, x, y).digest()
