"""The run directory: where it is, files written whole or not at all, the facts of the machine."""

from __future__ import annotations

import json
import math
import os
import platform
import resource
import shlex
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from filelock import BaseFileLock, FileLock, Timeout

from vgg_keras import __version__
from vgg_keras.config import RunConfig, option_of
from vgg_keras.errors import InputError, require

SCHEMA = 1

PACKAGES = ("tensorflow", "keras", "tensorboard", "numpy")
CPU_FEATURES = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")


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


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON file that a run has left.

    Raises:
        InputError: if it cannot be read, or holds anything but an object of finite numbers.
    """
    try:
        value = json.loads(
            path.read_text(encoding="utf-8"),
            parse_constant=_finite,
            parse_float=_finite,
            parse_int=_whole,
        )
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: expected JSON as a run leaves it, received {error}; start another run"
        ) from error
    require(isinstance(value, dict), str(path), "a JSON object", type(value).__name__)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text}, which is no finite number")
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes a JSON file atomically: beside, flushed to the disk, renamed.

    Args:
        path: of the file.
        value: made into JSON values first.
    """
    text = json.dumps(json_values(value), indent=2, allow_nan=False, ensure_ascii=False)
    with writing_whole(path) as file:
        file.write(f"{text}\n".encode())


@contextmanager
def writing_whole(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file that takes the place of another one only when it is whole and on the disk.

    Args:
        path: of the other one.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def environment() -> dict[str, Any]:
    """The versions and the machine that results depend on.

    Returns:
        Versions of Python and the packages, system, processor, its cores for this process and
        its instruction sets that TensorFlow uses.
    """
    fields = processor()
    flags = set(fields.get("flags", "").split())
    return {
        "python": platform.python_version(),
        "packages": {"vgg_keras": __version__} | {name: version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": fields.get("model name", platform.processor()),
        "cores": cores(),
        "cpu_features": [feature for feature in CPU_FEATURES if feature in flags],
    }


def processor() -> dict[str, str]:
    """What the system says of the processor, by name; nothing if it does not tell."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return {}
    lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def lacks_bfloat16() -> bool:
    """Whether the processor is known to have no instructions for bfloat16."""
    fields = processor()
    flags = fields.get("flags", fields.get("Features", "")).split()
    return bool(flags) and not {"avx512_bf16", "amx_bf16", "bf16"} & set(flags)


def cores() -> int:
    """The processor cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def peak_rss_bytes() -> int:
    """The most memory that this process has held so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def json_values(value: Any) -> Any:
    """Makes what JSON can hold: text keys, lists, and null for a float that is not finite."""
    if isinstance(value, dict):
        return {str(key): json_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_values(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
