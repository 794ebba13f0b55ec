"""Image files from anywhere, read as a viewer shows them."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from struct import error as StructError

import numpy as np
from PIL import Image, ImageOps

from vgg_keras.errors import InputError

FORMATS = ("BMP", "GIF", "JPEG", "PNG")
SUFFIXES = {".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png"}
MODES = {1: "L", 3: "RGB"}
GRAY_MODES = {"1", "L", "LA", "I", "I;16", "I;16B"}
MOST_OF_16_BITS = 65535
UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,  # a chunk of a PNG file that is damaged
    LookupError,
    StructError,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def read_image(path: Path, size: Sequence[int] | None = None, channels: int = 3) -> np.ndarray:
    """Reads an image file as a viewer shows it.

    Of an animation the first frame counts. The image is turned as its EXIF data say, 16 bits are
    scaled to 8, and transparent pixels get the ground, black or white, that the opaque ones stand
    out from.

    Args:
        path: BMP, GIF, JPEG or PNG file.
        size: Height and width to resize to, with antialiasing; default those of the image.
        channels: 1 for gray, 3 for RGB.

    Returns:
        uint8 of shape `(height, width, channels)`.

    Raises:
        InputError: If it cannot be read.
    """
    with open_image(path) as image:
        try:
            shown = _opaque(_eight_bits(ImageOps.exif_transpose(image))).convert(MODES[channels])
            if size and (shown.height, shown.width) != tuple(size):
                shown = shown.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        except UNREADABLE as error:
            raise _unusable(path, error) from error
    return np.asarray(shown).reshape(shown.height, shown.width, channels)


def has_light_border(image: np.ndarray) -> bool:
    """Whether an image is lighter than dark along its border.

    Args:
        image: uint8 of shape `(height, width, channels)`.
    """
    border = (image[0], image[-1], image[:, 0], image[:, -1])
    return bool(np.concatenate(border).mean() > 127.5)


def is_gray(path: Path) -> bool:
    """Whether an image file has no colours.

    Raises:
        InputError: If it cannot be read.
    """
    with open_image(path) as image:
        if image.mode not in ("P", "PA"):
            return image.mode in GRAY_MODES
        try:
            palette = np.reshape(image.getpalette("RGB") or [], (-1, 3))
        except UNREADABLE as error:
            raise _unusable(path, error) from error
    return bool((palette == palette[:, :1]).all())


def open_image(path: Path) -> Image.Image:
    """Opens an image file, and reads no more of it than its header.

    Raises:
        InputError: If it is no BMP, GIF, JPEG or PNG file, or has too many pixels.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError("no regular file")
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            return Image.open(path, formats=FORMATS)
    except UNREADABLE as error:
        raise _unusable(path, error) from error


def _eight_bits(image: Image.Image) -> Image.Image:
    if not image.mode.startswith("I"):
        return image
    if image.has_transparency_data:
        raise ValueError("16 bits with transparency")
    values = np.asarray(image.convert("I"), np.int64).clip(0, MOST_OF_16_BITS)
    return Image.fromarray(np.rint(values * (255 / MOST_OF_16_BITS)).astype(np.uint8))


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    brightness, alpha = (
        np.asarray(band, np.float64) for band in (image.convert("L"), image.getchannel("A"))
    )
    ground = "black" if (brightness * alpha).sum() >= 127.5 * alpha.sum() else "white"
    return Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")


def _unusable(path: Path, error: BaseException) -> InputError:
    received = "no such file" if isinstance(error, FileNotFoundError) else error
    return InputError(f"{path}: expected an image (BMP, GIF, JPEG or PNG), received {received}")
