"""What tells a search from all others, so that no worker mistakes one for another."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from vgg_keras.errors import require
from vgg_keras.tuning.state import has_state, load_state, save_state


def make_identity(directory: Path) -> str:
    """The identity of a search, which its folder gets when a chief first serves it.

    Args:
        directory: Folder of the search.

    Raises:
        InputError: If the file is damaged, and so is its copy.
    """
    file = _file(directory)
    if not has_state(file):
        file.parent.mkdir(exist_ok=True)
        save_state(file, {"id": uuid.uuid4().hex})
    return read_identity(directory)


def read_identity(directory: Path) -> str:
    """The identity of a search that a chief serves: a digest, other for a copy of another name.

    Args:
        directory: Folder of the search.

    Raises:
        InputError: If no chief has served it, or the file is damaged, and so is its copy.
    """
    file = _file(directory)
    received = f"one in {directory} that none has served; start it with --chief"
    require(has_state(file), "--join", "the search of a chief", received)
    return hashlib.sha256(f"{directory.name}/{load_state(file)['id']}".encode()).hexdigest()


def _file(directory: Path) -> Path:
    return directory / "tuner" / "identity.json"
