import subprocess
import sys

import keras
import numpy as np
import pytest
from helpers import tiny_vgg

from vgg_keras import VGG
from vgg_keras.errors import InputError


def test_the_default_is_the_notebooks_network():
    model = VGG()
    model.build((None, 28, 28, 1))
    # conv 1->32, 32->32, 32->64, 64->64 (3x3 kernels and biases), 7*7*64 -> 128 -> 10
    convolutions = (9 * 1 + 1) * 32 + (9 * 32 + 1) * 32 + (9 * 32 + 1) * 64 + (9 * 64 + 1) * 64
    dense = (7 * 7 * 64 + 1) * 128 + (128 + 1) * 10
    assert model.count_params() == convolutions + dense == 467_818
    assert [layer.name for layer in model.stack] == [
        "block1_conv1",
        "block1_conv2",
        "block1_pool",
        "block2_conv1",
        "block2_conv2",
        "block2_pool",
        "flatten",
        "fc1",
        "predictions",
    ]


def test_outputs_are_probabilities(digits):
    outputs = np.array(tiny_vgg()(digits.x_test.astype(np.float32) / 255))
    assert outputs.shape == (len(digits.x_test), 10)
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "convolutions"), [("vgg11", 8), ("vgg13", 10), ("vgg16", 13), ("vgg19", 16)]
)
def test_named_configurations_have_the_layers_of_the_paper(name, convolutions):
    model = VGG.from_name(name, classes=5)
    kinds = [type(layer).__name__ for layer in model.stack]
    assert kinds.count("Conv2D") == convolutions
    assert kinds.count("MaxPooling2D") == 5
    # the number in the name counts the layers with weights
    assert kinds.count("Conv2D") + kinds.count("Dense") == int(name.removeprefix("vgg"))
    assert model.classes == 5


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match=r"expected mnist, vgg11.*received vgg12"):
        VGG.from_name("vgg12")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "reference", "parameters"),
    [
        ("vgg16", keras.applications.VGG16, 138_357_544),
        ("vgg19", keras.applications.VGG19, 143_667_240),
    ],
)
def test_the_papers_networks_equal_keras_applications_to_the_last_bit(name, reference, parameters):
    theirs = reference(weights=None)
    ours = VGG.from_name(name)
    ours.build((None, 224, 224, 3))
    assert ours.count_params() == theirs.count_params() == parameters
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).random((1, 224, 224, 3), np.float32)
    expected = theirs(images, training=False).numpy()
    assert np.ptp(expected) > 0
    assert np.array_equal(ours(images).numpy(), expected)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_saved_model_gives_the_same_outputs(tmp_path, digits, dtype):
    model = tiny_vgg(dtype=dtype)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = digits.x_test.astype(np.float32) / 255
    assert type(loaded) is VGG
    assert loaded.get_config() == model.get_config()
    assert [layer.dtype_policy.name for layer in loaded.stack] == [dtype] * 6 + ["float32"]
    assert np.array_equal(loaded(images).numpy(), model(images).numpy())


def test_images_too_small_for_the_pools_are_refused():
    VGG().build((None, 4, 4, 1))
    with pytest.raises(InputError, match="at least 4 x 4 pixels for 2 pools, received 3 x 28"):
        VGG().build((None, 3, 28, 1))


@pytest.mark.slow
@pytest.mark.parametrize("imports", ["vgg_keras, keras", "keras, vgg_keras"])
def test_keras_loads_a_saved_vgg_whichever_of_both_is_imported_first(tmp_path, imports):
    model = tiny_vgg()
    model.save(tmp_path / "model.keras")
    code = f"""if True:
        import sys
        import {imports}
        assert not any("vgg_keras" in type(finder).__module__ for finder in sys.meta_path)
        model = keras.models.load_model("model.keras")
        print(type(model).__name__, float(model.weights[0].numpy().sum()))
    """
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"VGG {float(model.weights[0].numpy().sum())}\n"
