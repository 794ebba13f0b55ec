import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vgg_keras.datasets import Arrays, Batches


def numbered(images, tests=3):
    """Images whose only pixel is their number, so that an order can be read off."""
    return Arrays(
        np.arange(images, dtype=np.uint8).reshape(-1, 1, 1, 1),
        np.arange(images) % 3,
        np.arange(tests, dtype=np.uint8).reshape(-1, 1, 1, 1),
        np.arange(tests) % 3,
        classes=3,
    )


def order(dataset):
    return [round(x * 255) for batch in dataset for x in np.array(batch[0]).ravel()]


def test_images_become_floats_from_0_to_1_and_labels_stay_beside_them(digits):
    batches = Batches(digits, batch_size=32)
    images, labels = next(iter(batches.test))
    assert images.dtype == np.float32
    assert np.array_equal(images, digits.x_test[:32].astype(np.float32) / np.float32(255))
    assert np.array_equal(labels, digits.y_test[:32])
    assert digits.x_train.dtype == np.uint8


def test_batches_are_not_tuned_by_a_thread_that_an_iterator_would_wait_for_when_it_ends(digits):
    batches = Batches(digits, batch_size=32)
    for dataset in (batches.train, batches.test):
        assert dataset.options().autotune.enabled is False


@pytest.mark.slow
@settings(max_examples=20)
@given(
    images=st.integers(1, 100),
    batch_size=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    epoch=st.integers(0, 1000),
)
def test_the_order_of_an_epoch_is_a_permutation_fixed_by_seed_and_epoch(
    images, batch_size, seed, epoch
):
    batches = Batches(numbered(images), batch_size, seed)
    batches.set_epoch(epoch)
    first = order(batches.train)
    assert sorted(first) == list(range(images))
    batches.set_epoch(epoch + 1)
    iter(batches.train)
    list(batches.train)
    batches.set_epoch(epoch)
    assert order(batches.train) == first

    again = Batches(numbered(images), batch_size, seed)
    again.set_epoch(epoch)
    assert order(again.train) == first
    for labels_seen, image in zip(labels(again.train), first, strict=True):
        assert labels_seen == image % 3


def labels(dataset):
    return np.concatenate([batch[1] for batch in dataset.as_numpy_iterator()])


def test_epochs_and_seeds_have_orders_of_their_own():
    batches, other = Batches(numbered(100), 10, seed=0), Batches(numbered(100), 10, seed=1)
    first = order(batches.train)
    batches.set_epoch(1)
    assert first != list(range(100))
    assert order(batches.train) != first
    assert order(other.train) != first


def test_the_short_last_batch_is_kept():
    batches = Batches(numbered(10, tests=5), batch_size=4)
    assert [len(batch[0]) for batch in batches.train] == [4, 4, 2]
    assert [len(batch[0]) for batch in batches.test] == [4, 1]
    assert (len(batches.train), len(batches.test)) == (3, 2)
    assert order(batches.test) == [0, 1, 2, 3, 4]


def test_class_weights_weigh_training_images_only():
    batches = Batches(numbered(9), batch_size=9, class_weight={1: 2.5})
    _, y, weights = next(iter(batches.train))
    assert np.array_equal(weights, np.where(np.array(y) == 1, np.float32(2.5), np.float32(1)))
    assert len(next(iter(batches.test))) == 2


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_all_of_mnist_is_shuffled_without_loss(mnist, seed):
    batches = Batches(mnist, batch_size=1000, seed=seed)
    counts = np.bincount(labels(batches.train))
    assert np.array_equal(counts, np.bincount(mnist.y_train))
