"""Damages the files of searches, resumes them, and checks that they end as if undisturbed.

`python tests/torture/damage_search.py --damages 100`.

Each file and folder of a search that was interrupted, or of one that is finished and asked for one
more trial, is removed, truncated, or replaced by other JSON, a folder, a pipe, or a symbolic link
to where it was moved. A search must be refused in one line with exit status 2, or end with the
result of an undisturbed one, and change nothing behind the link. Exit status 1 if one does not.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import numpy as np

from vgg_keras import cli

OTHER = (b"{}", b"[]", b'{"sources": 3}', b'{"schema": 2, "command": "train"}', b"null")
KINDS = ("remove", "truncate", "other JSON", "folder", "pipe", "link")
SEARCH = (
    "search --epochs 1 --limit 30 --batch-size 8 --filters-choices 2,4 --convolutions-choices 1"
)
MORE = {"interrupted": 3, "finished": 4}
"""How many trials a search is resumed with."""


def main() -> int:
    """Damages searches and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--damages", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        count = wrong = 0
        for answer in damage(Path(home), options.damages, options.seed):
            print(answer, flush=True)
            count, wrong = count + 1, wrong + ("WRONG" in answer)
    print(f"{count - wrong} of {count} damaged searches ended well")
    return int(bool(wrong))


def damage(home: Path, count: int, seed: int) -> Iterator[str]:
    """Damages searches, each in another way, and resumes them.

    Args:
        home: Empty folder.
        count: Number of damages, chosen among all.
        seed: Seed of the choice.

    Yields:
        A line for each damage: what was damaged, and how the search ended.
    """
    make_data(home)
    sound = home / "sound"
    expected = {name: make_search(home, name) for name in MORE}
    all_damages = [
        (name, path.relative_to(sound / "search" / name), kind)
        for name, kind in itertools.product(MORE, KINDS)
        for path in sorted((sound / "search" / name).rglob("*"))
    ]
    rng = random.Random(seed)
    for number, (name, path, kind) in enumerate(
        rng.sample(all_damages, min(count, len(all_damages)))
    ):
        logs = home / f"{number}"
        shutil.copytree(sound, logs)
        elsewhere = home / "elsewhere"
        elsewhere.mkdir()
        spoil(logs / "search" / name / path, kind, elsewhere, rng)
        before = contents(elsewhere)
        ending = resume(home, logs, name, expected[name])
        if contents(elsewhere) != before:
            ending = "WRONG: what the link points to has changed"
        yield f"{name}: {path}: {kind}: {ending}"
        shutil.rmtree(logs)
        shutil.rmtree(elsewhere)


def make_data(home: Path) -> None:
    """Makes `data.npz`."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for part, images in (("train", 30), ("test", 6)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (images, 8, 8), np.uint8)
        arrays[f"y_{part}"] = np.arange(images) % 3
    np.savez(home / "data.npz", **arrays)


def make_search(home: Path, name: str) -> Any:
    """Makes a search that is interrupted at the end of its second trial, or finished.

    Returns:
        The outcome of it if it goes on undisturbed.
    """
    calls = itertools.count()
    save = keras.callbacks.ModelCheckpoint.on_epoch_end

    def interrupt(self: keras.callbacks.Callback, *arguments: Any) -> None:
        save(self, *arguments)
        if name == "interrupted" and next(calls) == 1:
            raise KeyboardInterrupt

    with patch.object(keras.callbacks.ModelCheckpoint, "on_epoch_end", interrupt):
        run(home, home / "sound", name, "--trials", "3")
    shutil.copytree(home / "sound", home / "whole", dirs_exist_ok=True)
    status, error = run(home, home / "whole", name, "--trials", str(MORE[name]), "--resume")
    assert status == 0, error
    return outcome(home / "whole" / "search" / name)


def run(home: Path, logs: Path, name: str, *more: str) -> tuple[int, str]:
    """Runs a search; gives its exit status and what it wrote to standard error."""
    output, error = io.StringIO(), io.StringIO()
    place = ["--dataset", str(home / "data.npz"), "--logdir", str(logs), "--name", name]
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(error):
        status = cli.main([*SEARCH.split(), *place, "--quiet", *more])
    return status, error.getvalue()


def contents(folder: Path) -> dict[Path, bytes]:
    """The bytes of all files in a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spoil(path: Path, kind: str, elsewhere: Path, rng: random.Random) -> None:
    """Damages a file or a folder.

    Args:
        path: The file or folder.
        kind: One of `KINDS`.
        elsewhere: Folder that a link may point to.
        rng: Source of all choices.
    """
    if kind == "link":
        shutil.move(path, elsewhere)
        path.symlink_to(elsewhere / path.name)
        return
    if kind == "truncate" and path.is_file():
        path.write_bytes(path.read_bytes()[: rng.randrange(max(1, path.stat().st_size))])
        return
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    if kind == "other JSON":
        path.write_bytes(rng.choice(OTHER))
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)


def resume(home: Path, logs: Path, name: str, expected: Any) -> str:
    """Resumes a damaged search, and says how it ended."""
    status, error = run(home, logs, name, "--trials", str(MORE[name]), "--resume")
    if status == 2 and len(error.splitlines()) == 1:
        return f"refused: {error.strip()}"
    if status == 0 and outcome(logs / "search" / name) == expected:
        return "ended as if undisturbed"
    return f"WRONG: {status}: {error}"


def outcome(directory: Path) -> Any:
    """All but times of the result of a search."""
    result = json.loads((directory / "result.json").read_text())
    trials = [{**trial, "seconds": 0} for trial in result["trials"]]
    return trials, result["best"], result["space"], result["data"]


if __name__ == "__main__":
    raise SystemExit(main())
