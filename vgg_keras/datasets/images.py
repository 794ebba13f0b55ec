"""Image files from anywhere: few formats, and no more pixels than Pillow considers safe."""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from struct import error as StructError

import numpy as np
from PIL import Image

from vgg_keras.errors import InputError

FORMATS = ("BMP", "GIF", "JPEG", "PNG")
MODES = {1: "L", 3: "RGB"}
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


def open_image(path: Path) -> Image.Image:
    """Opens an image file, and reads no more of it than its header.

    Raises:
        InputError: If it is no BMP, GIF, JPEG or PNG file, or has too many pixels.
    """
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            return Image.open(path, formats=FORMATS)
    except UNREADABLE as error:
        raise _unusable(path, error) from error


def read_image(path: Path, height: int, width: int, channels: int) -> np.ndarray:
    """Reads an image file.

    Args:
        path: Image file.
        height: Height to resize to.
        width: Width to resize to.
        channels: Number of channels: 1 or 3.

    Returns:
        float32 of shape `(height, width, channels)`, from 0 to 1.

    Raises:
        InputError: If it cannot be read.
    """
    with open_image(path) as image:
        try:
            sized = image.convert(MODES[channels]).resize(
                (width, height), Image.Resampling.BILINEAR
            )
        except UNREADABLE as error:
            raise _unusable(path, error) from error
    return np.asarray(sized, np.float32).reshape(height, width, channels) / 255


def _unusable(path: Path, error: BaseException) -> InputError:
    received = "no such file" if isinstance(error, FileNotFoundError) else error
    return InputError(f"{path}: expected an image (BMP, GIF, JPEG or PNG), received {received}")
