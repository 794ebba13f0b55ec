"""Image files are read as a viewer shows them, in training as in prediction."""

import numpy as np
import pytest
from PIL import Image

from vgg_keras import evaluate, load_dataset, predict, train
from vgg_keras.datasets.images import read_image
from vgg_keras.errors import InputError

INK = np.array([[0, 100], [200, 255]], np.uint8)


def gray(pixels):
    return Image.fromarray(pixels)


def sixteen_bits(pixels):
    return Image.fromarray(pixels.astype(np.uint16) * 257)


def transparent(pixels):
    """White ink on nothing."""
    white = np.full_like(pixels, 255)
    return Image.fromarray(np.stack([white, white, white, pixels], axis=-1))


def gray_and_alpha(pixels):
    return Image.fromarray(np.stack([np.full_like(pixels, 255), pixels], axis=-1))


def turned(pixels):
    """As a camera stores it that was held upright; its EXIF data say so."""
    image = Image.fromarray(np.rot90(pixels))
    image.getexif()[0x0112] = 6
    return image


FORMATS = {
    "gray": (".png", gray),
    "16 bits": (".png", sixteen_bits),
    "RGB": (".png", lambda pixels: gray(pixels).convert("RGB")),
    "palette": (".png", lambda pixels: gray(pixels).convert("P")),
    "palette bitmap": (".bmp", lambda pixels: gray(pixels).convert("RGB").convert("P")),
    "bitmap": (".BMP", lambda pixels: gray(pixels).convert("RGB")),
    "one bit": (".png", lambda pixels: gray(pixels).convert("1")),
    "transparent": (".png", transparent),
    "gray and alpha": (".png", gray_and_alpha),
    "GIF": (".gif", gray),
    "JPEG": (".jpg", gray),
    "colour JPEG": (".jpeg", lambda pixels: gray(pixels).convert("RGB")),
    "CMYK": (".jfif", lambda pixels: gray(pixels).convert("RGB").convert("CMYK")),
    "turned": (".jpg", turned),
}


def save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = image.getexif()
    image.save(path, "JPEG" if path.suffix == ".jfif" else None, **({"exif": exif} if exif else {}))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    return {
        channels: train(
            data=data, epochs=2, filters=[8, 8], logdir=logs, name=str(channels), verbose=0
        ).path
        for channels, data in ((1, grays()), (3, colours()))
    }


def grays():
    return load_dataset(limit=1000)


def colours():
    (x_train, y_train), (x_test, y_test) = grays()
    return np.repeat(x_train, 3, -1), y_train, np.repeat(x_test, 3, -1), y_test


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_predict_says_of_every_file_what_evaluate_says(tmp_path, trained, mnist, name):
    suffix, draw = FORMATS[name]
    for part, images, labels in (
        ("train", mnist.x_train[:40], mnist.y_train[:40]),
        ("test", mnist.x_test[:40], mnist.y_test[:40]),
    ):
        for index, (pixels, label) in enumerate(zip(images[..., 0], labels, strict=True)):
            save(draw(pixels), tmp_path / part / str(label) / f"{index}{suffix}")
    files = sorted((tmp_path / "test").rglob(f"*{suffix}"))
    x_test = load_dataset(tmp_path).x_test
    path = trained[x_test.shape[-1]]
    (test,) = evaluate(path, dataset=tmp_path).values()
    predicted = [row["class"] for row in predict(path, files)]
    right = sum(
        int(file.parent.name) == label for file, label in zip(files, predicted, strict=True)
    )
    assert (test.correct, test.total) == (right, 40)
    assert right > 10
    read = {read_image(file, (28, 28), x_test.shape[-1]).tobytes() for file in files}
    assert {image.tobytes() for image in x_test} == read


@pytest.mark.parametrize("name", ["gray", "16 bits", "RGB", "palette", "transparent", "GIF"])
def test_lossless_formats_give_the_pixels_that_were_drawn(tmp_path, name):
    suffix, draw = FORMATS[name]
    save(draw(INK), tmp_path / f"a{suffix}")
    assert np.array_equal(read_image(tmp_path / f"a{suffix}", channels=1)[..., 0], INK)


def test_a_scan_of_16_bits_is_scaled_and_not_cut_off(tmp_path):
    save(Image.fromarray(np.array([[300, 65535]], np.uint16)), tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", channels=1).ravel().tolist() == [1, 255]


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)], ids=["black ink", "white ink"])
def test_transparent_pixels_get_the_ground_that_the_ink_stands_out_from(tmp_path, ink, ground):
    save(
        Image.fromarray(np.array([[[ink] * 3 + [255], [ink] * 3 + [0]]], np.uint8)),
        tmp_path / "a.png",
    )
    assert read_image(tmp_path / "a.png", channels=1).ravel().tolist() == [ink, ground]


def test_of_an_animation_the_first_frame_is_read(tmp_path):
    frames = [Image.new("L", (2, 2), value) for value in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert set(read_image(tmp_path / "a.gif", channels=1).ravel()) == {10}


def test_a_turned_image_has_the_size_that_a_viewer_shows(tmp_path):
    for name in "ab":
        for index in range(5):
            image = Image.effect_noise((8, 12), 50)  # width and height
            image.getexif()[0x0112] = 8
            save(image, tmp_path / name / f"{index}.jpg")
    assert load_dataset(tmp_path).x_train.shape[1:] == (8, 12, 1)


def test_images_are_made_smaller_with_antialiasing(tmp_path):
    stripes = np.tile(np.array([[0, 255]], np.uint8), (64, 32))
    save(gray(stripes), tmp_path / "a.png")
    small = read_image(tmp_path / "a.png", (8, 8), 1)
    assert small.min() > 100
    assert small.max() < 155


def test_files_that_cannot_be_read_are_named(tmp_path):
    save(Image.effect_noise((50, 50), 50), tmp_path / "cut.png")
    content = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    sixteen_bits(INK).save(tmp_path / "deep.png", transparency=0)
    (tmp_path / "folder.png").mkdir()
    for name in ("cut.png", "deep.png", "folder.png", "none.png"):
        with pytest.raises(InputError, match=rf"{name}: expected an image"):
            read_image(tmp_path / name)
