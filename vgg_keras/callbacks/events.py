"""The event files of a run: cut back to a moment of it, and what becomes of their errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from vgg_keras.errors import InputError
from vgg_keras.runtime.compat import keeping_summary_writer

FILES = "events.out.tfevents."


def sizes_of_events(home: Path) -> dict[str, int]:
    """The bytes of each event file in a folder, by its path in it."""
    return {str(path.relative_to(home)): path.stat().st_size for path in _event_files(home)}


def cut_events(home: Path, sizes: dict[str, int]) -> None:
    """Removes from event files what was written after a moment.

    Args:
        home: Folder.
        sizes: Bytes of the files at that moment; there were no others.

    Raises:
        InputError: If one is a symbolic link: the file may belong to others.
    """
    for path in _event_files(home):
        size = sizes.get(str(path.relative_to(home)))
        if size is None:
            path.unlink()
        elif path.is_symlink():
            received = "a symbolic link; replace it by what it points to"
            raise InputError(f"{path}: expected a file, received {received}")
        elif path.stat().st_size > size:
            with path.open("r+b") as file:
                file.truncate(size)


def _event_files(home: Path) -> list[Path]:
    return [path for path in home.rglob(f"{FILES}*") if path.is_file()]


@contextmanager
def writing_events() -> Iterator[None]:
    """Makes an OSError of TensorFlow's own error when it cannot write an event file."""
    with keeping_summary_writer():
        try:
            yield
        except tf.errors.OpError as error:
            found = re.search(rf"\S*{re.escape(FILES)}\S*; [^\n]*", error.message)
            if found is None:
                raise
            raise OSError(found.group()) from error
