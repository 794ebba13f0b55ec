"""The run directory: where it is, who works on it, and its `result.json`."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import BaseFileLock, FileLock, Timeout

from vgg_keras.config import RunConfig
from vgg_keras.config.base import option_of
from vgg_keras.errors import InputError, require
from vgg_keras.runs.files import json_values, read_json, write_json, writing_whole
from vgg_keras.runtime.machine import environment

SCHEMA = 1


def create_run_directory(logdir: str, command: str, name: str | None) -> Path:
    """Makes the directory of a new run.

    Args:
        logdir: holds the runs.
        command: what the run does, such as `compare`.
        name: of the run; None for a time stamp.

    Returns:
        `logdir/command/name`, new and empty.

    Raises:
        InputError: if there is a run of that name, or the directory cannot be made.
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
        config: must be that of the run, apart from some fields.
        command: what the run does, such as `compare`.
        may_differ: these fields.
        option: that asked for it.

    Raises:
        InputError: if there is none, or it was started with another configuration.
    """
    require(config.name is not None, "--name", f"the run to {option.strip('-')}", "none")
    directory = Path(config.logdir, command, str(config.name))
    require(directory.is_dir(), option, f"a run in {directory}", "none")
    file = directory / "config.json"
    if not file.exists():  # killed before there was one
        return directory
    old = read_json(file)
    new = json_values(config.to_dict())
    for field in new:
        same = field in may_differ or old.get(field) == new[field]
        require(same, option_of(field), f"{old.get(field)}, as when it was started", new[field])
    return directory


class Result:
    """The `result.json` of a run, up to date after each part of it.

    Used as a context: `status` is `running` inside it, then `finished`, `interrupted` (by a signal)
    or `failed`. Until its end no other process can work on the run. A run that can go on says how.
    One that cannot go on for bad input is left as it was.

    Args:
        directory: of the run; gets `config.json` and `result.json`.
        config: of the run.
        resumable: whether the command can go on with a run.
        **parts: what the file holds beside status, configuration and environment, still empty.

    Attributes:
        value: what the file holds: JSON values.

    Raises:
        InputError: if another process works on the run, or a file cannot be written.
    """

    def __init__(self, directory: Path, config: RunConfig, resumable: bool = True, **parts: Any):
        config = replace(config, name=directory.name)
        file = shlex.quote(str(directory / "config.json"))
        resume = f"go on with: vgg-keras {directory.parent.name} --config {file} --resume"
        self._advice = resume if resumable else "start it anew under another name"
        self._path = directory / "result.json"
        config_file = directory / "config.json"
        with self._writing():
            self._lock = acquire(directory)
            files = (config_file, self._path)
            self._before = {path: path.read_bytes() for path in files if path.exists()}
            write_json(config_file, config.to_dict())
        self.value: dict[str, Any] = {
            "schema": SCHEMA,
            "status": "running",
            "config": json_values(config.to_dict()),
            "environment": environment(),
            **parts,
        }

    def update(self, **values: Any) -> None:
        """Sets values and writes the file."""
        self.value |= json_values(values)
        write_json(self._path, self.value)

    def __enter__(self) -> Self:
        with self._writing():
            self.update()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            with self._writing():
                self._end(error)
        except InputError as told:
            with suppress(OSError):
                self.update(status="failed", reason=str(told))
            raise
        finally:
            self._lock.release()

    def _end(self, error: BaseException | None) -> None:
        if isinstance(error, OSError):
            raise error
        if error is None:
            self.update(status="finished")
        elif isinstance(error, KeyboardInterrupt):
            self.update(status="interrupted")
            print(self._advice[0].upper() + self._advice[1:], file=sys.stderr)
        elif isinstance(error, InputError) and self._path in self._before:
            for path, content in self._before.items():
                with writing_whole(path) as file:
                    file.write(content)
        else:
            self.update(status="failed", reason=str(error))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"--logdir: expected a folder that can be written, received {self._path.parent} "
                f"({error}); mend it and {self._advice}"
            ) from error


def acquire(directory: Path) -> BaseFileLock:
    """Takes the lock of a run, which the system gives back when the process dies.

    Raises:
        InputError: that names the process that has it.
    """
    lock, holder = FileLock(directory / ".lock", timeout=0), directory / ".holder"
    try:
        lock.acquire()
    except Timeout as error:
        other = holder.read_text() if holder.is_file() else "another process"
        raise InputError(
            f"--name: expected a run that nobody works on, received {directory.name}, which is "
            f"held by {other}; wait for it, or stop it"
        ) from error
    holder.write_text(f"process {os.getpid()} on {platform.node()}")
    return lock
