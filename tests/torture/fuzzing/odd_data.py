"""Arrays and image files that are valid, but not what a data set should be made of."""

import random
from pathlib import Path

import numpy as np
from PIL import Image

from fuzzing.mutations import spoil_bytes


def odd_arrays(rng: random.Random, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Makes up to two arrays of a data set odd; sometimes leaves one out."""
    odd = dict(arrays)
    for name in rng.sample(list(arrays), rng.choice((0, 1, 1, 2))):
        make = odd_images if name.startswith("x") else odd_labels
        odd[name] = make(rng, arrays[name])
    if rng.random() < 0.1:
        del odd[rng.choice(list(odd))]
    return odd


def odd_images(rng: random.Random, images: np.ndarray) -> np.ndarray:
    """Images of another number, shape, dtype or content, from such of shape `(images, 8, 8)`."""
    count = len(images)
    sliced = [images[:1], images[:0], images[:, :0], images[:, :1], images[:, ::2]]
    reshaped = [images[..., None], images.reshape(count, -1), np.asfortranarray(images)]
    dtypes = (bool, np.int64, np.float32, complex, "U3", "S3")
    strange = [
        *(np.full(images.shape, figure) for figure in (np.nan, np.inf)),
        *(np.zeros((count, 8, 8, channels), np.uint8) for channels in (0, 2, 3, 4)),
        np.zeros((count, 2, 300), np.uint8),
        np.zeros(count, [("a", np.uint8), ("b", float)]),
        np.array(7, np.uint8),
    ]
    return rng.choice([*sliced, *reshaped, *(images.astype(dtype) for dtype in dtypes), *strange])


def odd_labels(rng: random.Random, labels: np.ndarray) -> np.ndarray:
    """Labels of another number, shape, dtype or content, from such of shape `(images,)`."""
    count = len(labels)
    sliced = [labels[:1], labels[:0], labels[:-1], labels[:, None]]
    dtypes = (bool, np.uint8, np.uint64, np.float64, "U3")
    strange = [
        *(np.full(count, label) for label in (0, 1, 5, -1, 300, 10**6, 2**63 - 1)),
        *(np.arange(count) * step for step in (1, 7)),
        *(np.full(count, np.nan), np.array([{}] * count), np.eye(3)[labels]),
    ]
    return rng.choice([*sliced, *(labels.astype(dtype) for dtype in dtypes), *strange])


def write_image_folders(rng: random.Random, home: Path) -> None:
    """Writes folders of images, of which some may be odd."""
    names = ("a", "b", "c d", "é", ".hidden", "x.png", "train", "test", "Training", "val")
    inner = rng.choice((("",), ("",), ("",), ("a", "b"), ("train", "test"), ("a", ".hidden")))
    for name in rng.sample(names, rng.randint(1, 4)):
        for part in inner:
            for index in range(rng.randint(0, 6)):
                write_image(rng, home / name / part / str(index), odd=rng.random() < 0.1)
    if rng.random() < 0.2:
        place = rng.choice([home, *(path for path in sorted(home.rglob("*")) if path.is_dir())])
        place.mkdir(parents=True, exist_ok=True)
        make = rng.choice((Path.touch, Path.mkdir, lambda path: path.symlink_to(home.resolve())))
        make(place / rng.choice(("new.png", "new.webp", "new", ".new.png")))


def write_image(rng: random.Random, path: Path, odd: bool) -> Path:
    """Writes an image file, sound or odd: of a rare mode, of another format, damaged or huge.

    Args:
        rng: of the choice.
        path: of the file, without a suffix.
        odd: whether it is odd.

    Returns:
        The file.
    """
    modes = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "YCbCr")
    mode = rng.choice(modes if odd else ("L", "RGB"))
    size = rng.choice(((1, 1), (8, 300), (300, 8), (9, 7)) if odd else ((8, 8), (8, 9)))
    kind = rng.choice(("PNG", "PNG", "GIF", "TIFF") if odd else ("PNG", "PNG", "JPEG", "BMP"))
    file = path.with_suffix(rng.choice((".png", ".gif", ".PNG")) if odd else f".{kind.lower()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new(mode, size)
    if odd and rng.random() < 0.3:
        image.getexif()[0x0112] = rng.choice((0, 3, 6, 9, 65535))
    kind = {"LA": "PNG", "I;16": "PNG", "CMYK": "JPEG", "YCbCr": "JPEG"}.get(mode, kind)
    image.save(file, kind, exif=image.getexif())
    if odd:
        content = file.read_bytes()
        huge = content[:16] + b"\0\0\xff\xff" * 2 + content[24:]  # width and height of a PNG file
        file.write_bytes(rng.choice((content, content, huge, spoil_bytes(rng, content))))
    return file
