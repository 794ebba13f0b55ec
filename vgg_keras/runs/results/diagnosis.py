"""What `diagnose` leaves: in what a loop differs from `fit`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vgg_keras.runs.record import Record
from vgg_keras.runs.results.result import Result


@dataclass(frozen=True)
class Cause(Record):
    """One thing in which a loop differs from `fit`.

    Attributes:
        cause: Its id, such as `training-flag`; `unexplained` if none is known.
        first_epoch: First epoch in which it shows, counted from 1.
        first_step: First step, counted from 0 over all epochs.
        stage: `batch`, `forward`, `loss`, `gradients`, `update`, `state`, `metrics` or `finalize`.
        variable: Variable or figure that differs; None if it is none.
        evidence: What was seen, in sentences.
        location: Line of the user's file, such as `my.py:31`; None if it is not known.
        fix: What to change.
        counterfactual: Gap between the loop and `fit` `before` and `after` this one change.
    """

    cause: str
    first_epoch: int
    first_step: int
    stage: str
    variable: str | None
    evidence: list[str]
    location: str | None
    fix: str
    counterfactual: dict[str, float | None]


@dataclass(frozen=True, kw_only=True, repr=False)
class DiagnoseResult(Result):
    """What `diagnose` leaves: the first cause, as in `Cause`, and the others.

    Attributes:
        verdict: `identical`, `diverges` or `inconclusive`.
        steps: Number of steps that were compared.
        gaps: For each batch, by how much of their size gradients differ from those of `fit`.
        other_causes: All causes but the first.
    """

    verdict: str = "inconclusive"
    steps: int = 0
    gaps: list[float | None] = field(default_factory=list)
    cause: str | None = None
    first_epoch: int | None = None
    first_step: int | None = None
    stage: str | None = None
    variable: str | None = None
    evidence: list[str] = field(default_factory=list)
    location: str | None = None
    fix: str | None = None
    counterfactual: dict[str, Any] = field(default_factory=dict)
    other_causes: list[Cause] = field(default_factory=list)
