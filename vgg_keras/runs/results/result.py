"""What every run leaves: command, configuration, environment and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from vgg_keras.runs.record import NOT_WRITTEN, Record

SCHEMA = 2


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(Record):
    """What any run leaves.

    Attributes:
        schema: Version of the format.
        command: The command that made it.
        status: `running`, `finished`, `interrupted` or `failed`.
        started: Local time at which it was started first, ISO 8601.
        reason: Why it failed.
        config: Configuration of the run.
        environment: Versions and machine.
        changed: Facts of the machine that were others before a resume: then and now.
        factory: The function that makes the model, where it is at hand; it is not written.
    """

    load_model: ClassVar[Callable[[Result], Any]]
    """Loads the model that a run left; set where models are loaded."""

    _repr_html_: ClassVar[Callable[[Result], str]]
    """What a notebook shows of a result; set where trainings are run."""

    model_file: ClassVar[str] = "model.keras"

    command: str
    config: dict[str, Any]
    environment: dict[str, Any]
    schema: int = SCHEMA
    status: str = "running"
    started: str | None = None
    reason: str | None = None
    changed: dict[str, Any] = field(default_factory=dict)
    factory: Callable[..., Any] | None = field(default=None, compare=False, metadata=NOT_WRITTEN)

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return Path(self.config["logdir"], self.command, self.config["name"])

    @property
    def verdict(self) -> str:
        """The answer in a word: here how the run ended."""
        return self.status

    @property
    def model(self) -> Any:
        """The trained model, loaded when it is asked for."""
        return Result.load_model(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.verdict}, in {self.path}>"
