"""Data that people hand in: arrays of any kind, and data sets that are streamed."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from vgg_keras.datasets import Arrays, Streams, as_data, hold_out, load_dataset
from vgg_keras.errors import InputError

X, Y = np.arange(20, dtype=np.float64).reshape(10, 2), np.arange(10) % 3


def stream(count=10, size=4, **options):
    x = np.arange(count, dtype=np.float32).reshape(-1, 1)
    return tf.data.Dataset.from_tensor_slices((x, np.arange(count) % 3)).batch(size, **options)


def seen(data):
    return [int(x) for batch in data.as_numpy_iterator() for x in batch[0][:, 0]]


def test_a_data_set_is_taken_apart_as_those_of_keras():
    (x_train, y_train), (x_test, y_test) = load_dataset("mnist", 60)
    assert (x_train.shape, y_train.shape) == ((60, 28, 28, 1), (60,))
    assert (x_test.shape, y_test.shape) == ((10, 28, 28, 1), (10,))


@pytest.mark.parametrize(
    "given",
    [(X, Y, X[:3], Y[:3]), ((X, Y), (X[:3], Y[:3])), [X, Y, X[:3], Y[:3]]],
    ids=["four", "pairs", "a list"],
)
def test_arrays_are_taken_in_the_forms_in_which_people_have_them(given):
    data = as_data(given)
    assert (data.classes, data.train_count, data.test_count) == (3, 10, 3)
    batches = data.batches(4)
    assert (batches.steps, batches.test_steps, batches.batch_size) == (3, 1, 4)
    x, y = next(iter(batches.test))
    assert x.dtype == tf.float32  # as Keras's layers compute
    assert np.array_equal(x, X[:3])
    assert np.array_equal(y, Y[:3])


def test_arrays_may_be_structures():
    inputs = {"a": X, "b": X[:, :1]}
    data = as_data((inputs, (Y, X), {"a": X[:2], "b": X[:2, :1]}, (Y[:2], X[:2])))
    assert data.classes is None
    (x, y) = next(iter(data.batches(5).train))
    assert {name: part.shape for name, part in x.items()} == {"a": (5, 2), "b": (5, 1)}
    assert np.array_equal(x["a"][:, :1], x["b"])
    assert np.array_equal(y[1], x["a"])
    parts, held = hold_out(data, 0.2, seed=0)
    assert (parts.train_count, parts.test_count, len(held)) == (8, 2, 2)
    assert data.first(5).train_count == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "data: expected"),
        ("mnist", "received a str"),
        ((X, Y), "data: expected"),
        ((X, Y[:9], X, Y), "y_train: expected 10 rows, as in x_train, received 9"),
        (({"a": X, "b": X[:3]}, Y, X, Y), "x_train: expected as many rows in each array"),
        ((X[:0], Y[:0], X, Y), "x_train: expected at least one row"),
        ((X, np.array([{}] * 10), X, Y), "y_train: expected arrays of numbers"),
    ],
    ids=["a number", "a name", "half", "labels", "rows", "nothing", "objects"],
)
def test_what_is_no_data_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        as_data(given)


@pytest.mark.parametrize("high", [1.0, 255.0])
def test_images_may_be_floats_whose_range_is_clear(high):
    images = np.zeros((4, 3, 3))
    images[0] = high
    arrays = Arrays.checked(images, np.arange(4), images, np.arange(4))
    assert float(tf.reduce_max(next(iter(arrays.batches(4).test))[0])) == 1


@pytest.mark.slow
@settings(max_examples=25)
@given(count=st.integers(1, 30), size=st.integers(1, 9))
def test_a_stream_knows_its_sizes(count, size):
    data = as_data((stream(count, size), stream(3, size)))
    batches = data.batches(batch_size=32)
    assert (batches.batch_size, batches.train_count) == (min(size, count), count) or size > count
    assert (data.train_count, data.test_count) == (count, 3)
    assert (batches.steps, batches.test_steps) == (-(-count // size), -(-3 // size))
    assert seen(batches.train) == list(range(count))


def test_a_stream_whose_length_is_not_known_is_counted():
    generated = tf.data.Dataset.from_generator(
        lambda: iter([(np.ones((2, 1), np.float32), np.zeros(2, np.int64))] * 5),
        output_signature=(
            tf.TensorSpec((None, 1), tf.float32),
            tf.TensorSpec((None,), tf.int64),
        ),
    )
    data = as_data((generated, stream()))
    assert data.batches(1).steps == 5
    assert data.train_count == 10


REFUSED = {
    "infinite": (stream().repeat(), "train: expected a finite tf.data.Dataset"),
    "reshuffled": (
        stream(count=100).unbatch().shuffle(100).batch(4),
        "train: expected a data set that gives the same batches each time",
    ),
    "of examples": (stream().unbatch(), "train: expected a data set of batches"),
    "no targets": (stream().map(lambda x, y: x), "train: expected batches"),
    "empty": (stream().take(0), "train: expected at least one batch"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_stream_that_no_two_trainings_would_see_alike_is_refused(case):
    train, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        as_data((train, stream()))


def test_a_stream_that_is_shuffled_once_is_taken():
    shuffled = stream(count=30).unbatch().shuffle(30, seed=1, reshuffle_each_iteration=False)
    data = as_data((shuffled.batch(4), stream()))
    order = seen(data.train)
    assert order == seen(data.train) != list(range(30))


def test_a_part_of_a_stream_is_held_out_by_batches():
    data = as_data((stream(count=42), stream()))  # 11 batches
    parts, held = hold_out(data, 0.25, seed=0)
    assert held.tolist() == [3, 7]
    assert sorted(seen(parts.train) + seen(parts.test)) == list(range(42))
    assert seen(parts.test) == [*range(12, 16), *range(28, 32)]
    assert (len(parts.train), len(parts.test)) == (9, 2)
    with pytest.raises(InputError, match="validation_split: expected a share of 1 batches"):
        hold_out(as_data((stream(count=4), stream())), 0.5, seed=0)


def test_a_stream_is_shortened_to_whole_batches():
    data = as_data((stream(count=40), stream(count=20)))
    few = data.first(9)
    assert isinstance(few, Streams)
    assert seen(few.train) == list(range(12))
    assert seen(few.test) == list(range(8))
    assert data.first(None) is data.first(1000) is data


def test_classes_that_a_shortened_stream_leaves_out_are_named(capsys):
    labels = np.repeat(np.arange(3), 8)
    sorted_by_class = tf.data.Dataset.from_tensor_slices((np.ones((24, 2)), labels)).batch(4)
    data = as_data((sorted_by_class, sorted_by_class))
    data.first(16)
    said = "the first 16 training examples have none of class 2"
    assert said in capsys.readouterr().err
    data.first(17)
    assert capsys.readouterr().err == ""


def test_the_first_examples_are_those_that_a_model_gets():
    x, y = as_data((stream(), stream())).sample(6)
    assert x[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert y.tolist() == [0, 1, 2, 0, 1, 2]
    images = np.full((4, 2, 2, 1), 255, np.uint8)
    x, _ = Arrays.checked(images, np.arange(4), images, np.arange(4)).sample(3, "train")
    assert (x.shape, x.dtype, x.max()) == ((3, 2, 2, 1), np.float32, 1)


def test_class_weights_weigh_a_stream():
    batches = as_data((stream(), stream())).batches(4, 0, {1: 2.5})
    _, y, weights = next(iter(batches.train))
    assert np.array_equal(weights, np.where(np.array(y) == 1, np.float32(2.5), np.float32(1)))
