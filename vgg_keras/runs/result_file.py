"""The `result.json` of a run while it goes on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from vgg_keras.config import RunConfig
from vgg_keras.errors import InputError, release_warnings, warn
from vgg_keras.runs.directory import acquire
from vgg_keras.runs.files import remove_unfinished, write_json, writing_whole
from vgg_keras.runs.reading import result_so_far
from vgg_keras.runs.record import as_json, from_json
from vgg_keras.runs.results import RESULTS, Result
from vgg_keras.runtime.machine import environment, facts_of

R = TypeVar("R", bound=Result)

IRRELEVANT = ("system", "python")
"""Facts of a machine that a run may be resumed with others of."""

INTERRUPTIONS = (KeyboardInterrupt, BrokenPipeError)
"""What ends a run from outside: a signal, or the end of whoever read what it prints."""


class ResultFile(Generic[R]):
    """The `result.json` of a run, up to date after each part of it.

    Used as a context: `status` is `running` inside it, then `finished`, `interrupted` (by a
    signal, or because nobody reads what it prints any more) or `failed`. Until its end no other
    process can work on the run. A run that can go on says how. One that cannot go on for bad input
    is left as it was.

    Args:
        directory: Folder of the run; gets `config.json` and `result.json`.
        config: Configuration of the run.
        resumable: Whether the command can go on with a run.
        **parts: Fields of the result that are known from the start.

    Attributes:
        result: The result so far, as it is in the file.

    Raises:
        InputError: If another process works on the run, or a file cannot be written.
    """

    def __init__(self, directory: Path, config: RunConfig, resumable: bool = True, **parts: Any):
        config = replace(config, name=directory.name)
        command, file = directory.parent.name, shlex.quote(str(directory / "config.json"))
        resume = f"go on with: vgg-keras {command} --config {file} --resume"
        self._advice = resume if resumable else "start it again under another name"
        self._path = directory / "result.json"
        config_file = directory / "config.json"
        with self._writing():
            self._lock = acquire(directory)
            remove_unfinished(directory)
            files = (config_file, self._path)
            self._before = {path: path.read_bytes() for path in files if path.exists()}
            write_json(config_file, config.to_dict())
        self._kind = RESULTS[command]
        now = environment()
        facts = {"command": command, "config": config.to_dict(), "environment": now}
        facts["started"] = datetime.now().astimezone().isoformat(timespec="seconds")
        if old := result_so_far(directory):
            facts["started"] = old.started
            facts["changed"] = old.changed | changes(old.environment, now)
        self.result: R = from_json(self._kind, as_json({**facts, **parts}))  # type: ignore[assignment]

    def update(self, **values: Any) -> None:
        """Sets fields of the result and writes the file."""
        value = {**self.result.to_dict(), **as_json(values)}
        write_json(self._path, value)
        self.result = from_json(self._kind, value)  # type: ignore[assignment]

    def __enter__(self) -> Self:
        with self._writing():
            self.update()
        release_warnings()
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
        except InputError as refused:
            with suppress(OSError):
                self.update(status="failed", reason=str(refused))
            raise
        finally:
            self._lock.release()
        if isinstance(error, INTERRUPTIONS):
            with suppress(OSError):
                print(self._advice[0].upper() + self._advice[1:], file=sys.stderr)

    def _end(self, error: BaseException | None) -> None:
        if isinstance(error, INTERRUPTIONS):
            self.update(status="interrupted")
        elif isinstance(error, OSError):
            raise error
        elif error is None:
            self.update(status="finished")
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


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that bits depend on and that are others now, by name: before and now.

    A run that goes on under them is warned of.
    """
    old, new = facts_of(before), facts_of(now)
    names = [name for name in new if name not in IRRELEVANT and old.get(name) != new[name]]
    if names:
        warn(
            f"the run was started with other values of {', '.join(names)}; its bits need not be "
            "those of one that was not interrupted"
        )
    return {name: [old.get(name), new[name]] for name in names}
