"""A folder with one folder of images a class."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from vgg_keras.datasets.images import SUFFIXES, is_gray, read_image
from vgg_keras.errors import InputError, require, warn

TEST_SHARE = 0.2
PARTS = ("train", "test")
SPLIT = re.compile(
    r"(train(ing)?|test(ing)?|val(id(ation)?)?|eval(uation)?|dev)[-_ ]?(set|data|images)?",
    re.IGNORECASE,
)
"""Names that people give to folders that hold a part of the data."""

Classes = dict[str, list[Path]]


def load(path: Path, size: Sequence[int] | None = None) -> tuple[list[np.ndarray], list[str]]:
    """Loads images whose label is the name of their folder, in alphabetical order.

    Folders `train` and `test` that hold the class folders are used as they are. Where there are
    none, the name of each file decides whether it is a test image, as about a fifth
    are: so more files change nothing for the others. Images are gray if all files are, and come in
    an order that follows from their names. What is left out is named on standard error.

    Args:
        path: Folder that holds the images.
        size: Height and width of the images; default those of the first one.

    Returns:
        Training images, training labels, test images, test labels, where images are uint8 of shape
        `(images, height, width, channels)`; and the names of the classes.

    Raises:
        InputError: If there are fewer than two classes, an image that cannot be read, or folders
            whose meaning is not clear.
    """
    train, test = find_images(path)
    names = [name for name, files in train.items() if files]
    untaught = [name for name, files in test.items() if files and name not in names]
    require(not untaught, str(path), "training images of each class", f"none of {_list(untaught)}")
    used = [file for part in (train, test) for files in part.values() for file in files]
    channels = 1 if all(map(is_gray, used)) else 3
    if len(names) < 2 or not any(test.values()):
        raise InputError(
            f"{path}: expected a folder of images for each of at least two classes, "
            f"received {len(names)} classes and {len(used)} images"
        )
    if untested := [name for name in names if not test.get(name)]:
        warn(f"{path} has no test images of {_list(untested)}")
    _warn_of_rest(path, {*used})

    size = size or read_image(train[names[0]][0]).shape[:2]
    arrays = []
    for part in (train, test):
        labelled = [
            (file, label) for label, name in enumerate(names) for file in part.get(name, [])
        ]
        labelled.sort(key=lambda item: _digest(path, item[0]))
        images = np.empty((len(labelled), *size, channels), np.uint8)
        for index, (file, _) in enumerate(labelled):
            images[index] = read_image(file, size, channels)
        arrays += [images, np.array([label for _, label in labelled])]
    return arrays, names


def find_images(root: Path) -> tuple[Classes, Classes]:
    """Finds the training and the test images of a folder.

    Args:
        root: Folder.

    Returns:
        For each part the files of each class, both in alphabetical order.

    Raises:
        InputError: If the folders' meaning is not clear.
    """
    folders = _folders(root)
    splits = [folder for folder in folders if SPLIT.fullmatch(folder.name)]
    inner = [part for folder in folders for part in _folders(folder) if SPLIT.fullmatch(part.name)]
    if inner or any(map(_folders, splits)) or splits == folders != []:
        named = [[part for part in splits if part.name.lower() == name] for name in PARTS]
        others = [folder for folder in folders if folder not in splits and _images(folder)]
        clear = not inner and not others and [len(part) for part in named] == [1, 1]
        expected = "train and test, each with a folder for each class, or a folder for each class"
        received = ", ".join(str(folder.relative_to(root)) for folder in inner or folders)
        require(clear, str(root), expected, f"{received}; rename or move the folders")
        train, test = (_images_by_class(part) for (part,) in named)
        return train, test
    classes = _images_by_class(root)
    test = {name: _drawn(root, files) for name, files in classes.items()}
    train = {
        name: [file for file in files if file not in test[name]] for name, files in classes.items()
    }
    return train, test


def _drawn(root: Path, files: list[Path]) -> list[Path]:
    """The test images among those of a class: at least one of several, and never all."""
    by_digest = sorted(files, key=lambda file: _digest(root, file))
    below = sum(_digest(root, file) < TEST_SHARE * 2**64 for file in files)
    return by_digest[: min(max(below, 1), len(files) - 1)]


def _digest(root: Path, file: Path) -> int:
    """A number from 0 to 2**64 - 1 that follows from the name of a file below a folder."""
    name = file.relative_to(root).as_posix().encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big")


def _images_by_class(root: Path) -> Classes:
    return {folder.name: _images(folder) for folder in _folders(root)}


def _folders(root: Path) -> list[Path]:
    return [entry for entry in sorted(root.iterdir()) if entry.is_dir() and entry.name[0] != "."]


def _images(folder: Path) -> list[Path]:
    files = (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    return sorted(file for file in files if file.is_file() and not _is_hidden(folder, file))


def _is_hidden(root: Path, file: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts)


def _warn_of_rest(root: Path, used: set[Path]) -> None:
    """Says which files and folders are left out."""
    kinds = defaultdict(list)
    for path in sorted(root.rglob("*")):
        if path.is_dir():
            if not any(path.iterdir()):
                kinds["empty folder"].append(path)
        elif path not in used:
            hidden = "hidden " if _is_hidden(root, path) else ""
            kinds[f"{hidden}{path.suffix or 'file without suffix'}"].append(path)
    if kinds:
        rest = (
            f"{len(paths)} {kind} ({paths[0].relative_to(root)}{', ...' if paths[1:] else ''})"
            for kind, paths in kinds.items()
        )
        warn(f"of {root} these are left out: {'; '.join(rest)}")


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
