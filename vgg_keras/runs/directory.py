"""The run directory: where it is, and who works on it."""

from __future__ import annotations

import atexit
import errno
import io
import os
import platform
import tarfile
from collections.abc import Collection
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType

from filelock import BaseFileLock, FileLock, Timeout

from vgg_keras.config import RunConfig
from vgg_keras.config.base import option_of
from vgg_keras.errors import InputError, require
from vgg_keras.runs.files import json_values, read_json, writing_whole
from vgg_keras.runtime.peers import exchange, place, process_count

KNOWN = (".json", ".npz", ".html")
"""Names of the files that say how far a run is end with one of these."""


def create_run_directory(logdir: str, command: str, name: str | None) -> Path:
    """Makes the directory of a new run.

    Args:
        logdir: Folder that holds the runs.
        command: Command of the run, such as `compare`.
        name: Name of the run; None for a time stamp.

    Returns:
        `logdir/command/name`, new and empty.

    Raises:
        InputError: If there is a run of that name, or the directory cannot be made.
    """
    path = Path(logdir, command, name or datetime.now().strftime("%Y%m%d-%H%M%S-%f"))
    try:
        path.mkdir(parents=True)
    except FileExistsError as error:
        if not path.is_dir():
            raise InputError(f"--logdir: expected a folder, received {error.filename}") from error
        raise InputError(
            f"--name: expected the name of a new run, received {path.name}, "
            f"which exists as {path}; choose another name"
        ) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(
                f"--name: expected a name that is short enough for the system, received {path.name}"
            ) from error
        raise InputError(
            f"--logdir: expected a folder that can be written, received {logdir} "
            f"({error.strerror}: {error.filename}); choose another folder"
        ) from error
    return path


def find_run_directory(
    config: RunConfig, command: str, may_differ: Collection[str], option: str = "--resume"
) -> Path:
    """Finds the directory of a run to go on with.

    Args:
        config: Configuration, which must be that of the run, apart from some fields.
        command: Command of the run, such as `compare`.
        may_differ: The fields that may differ.
        option: Option that asked for it.

    Raises:
        InputError: If there is none, or it was started with another configuration, or it would
            write into a folder elsewhere.
    """
    require(config.name is not None, "--name", f"the run to {option.strip('-')}", "none")
    directory = Path(config.logdir, command, str(config.name))
    hand_out(directory)
    require(directory.is_dir(), option, f"a run in {directory}", "none")
    refuse_linked_folders(directory)
    file = directory / "config.json"
    if not file.exists():  # killed before there was one
        return directory
    old = read_json(file)
    new = json_values(config.to_dict())
    expected = "a configuration of this version"
    known = isinstance(old.get("sources", ""), (dict, NoneType))
    require(known, option, expected, f"one of version 0.1 or another in {file}; start another run")
    names = ", ".join(Path(file).name for file in old["sources"] or ["none"])
    files = f"the files that the run was started with, {names}"
    same = old["sources"] == new.pop("sources")
    require(same, option, files, "others, or other content in them; start another run")
    same = old.get("data_facts") == new.pop("data_facts")
    expected = "the data that the run was started with"
    require(same, option, expected, f"others in {config.dataset}; start another run")
    devices, received = old.get("devices"), new.pop("devices")
    expected = f"the {devices} devices among which each batch was shared; with others bits differ"
    require(devices in (None, received), option, expected, received)
    for field in new:
        same = field in may_differ or old.get(field) == new[field]
        require(same, option_of(field), f"{old.get(field)}, as when it was started", new[field])
    return directory


def hand_out(directory: Path) -> None:
    """Gives the other processes a copy of what it takes to go on with the chief's run.

    Args:
        directory: Folder of the run, which the others do not have yet.
    """
    if process_count() == 1:
        return
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for path in directory.rglob("*"):
            if path.suffix in KNOWN and path.is_file():
                packed.add(path, path.relative_to(directory))
    chiefs = exchange(archive.getvalue())[0]
    with tarfile.open(fileobj=io.BytesIO(chiefs)) as packed:
        if place() and packed.getmembers():
            packed.extractall(directory, filter="data")


@cache
def scratch_folder() -> str:
    """Where a process writes that is not the chief; removed at its end."""
    folder = TemporaryDirectory(prefix="vgg-keras-worker-")
    atexit.register(folder.cleanup)
    return folder.name


def refuse_linked_folders(directory: Path) -> None:
    """Refuses a run from elsewhere that has symbolic links where it would write into folders.

    Raises:
        InputError: If there is one; names it.
    """
    received = "a symbolic link; replace it by what it points to"
    for parent, folders, _ in os.walk(directory):
        for path in (Path(parent, folder) for folder in folders):
            require(not path.is_symlink(), str(path), "a folder of the run", received)


def acquire(directory: Path) -> BaseFileLock:
    """Takes the lock of a run, which the system gives back when the process dies.

    Raises:
        InputError: If another process has it; names that process.
    """
    lock, holder = FileLock(directory / ".lock", timeout=0), directory / ".holder"
    try:
        lock.acquire()
    except Timeout as error:
        other = holder.read_text(errors="replace") if holder.is_file() else "another process"
        raise InputError(
            f"--name: expected a run that no process works on, received {directory.name}, which is "
            f"held by {other}; wait for it, or stop it"
        ) from error
    with writing_whole(holder) as file:
        file.write(f"process {os.getpid()} on {platform.node()}".encode())
    return lock
