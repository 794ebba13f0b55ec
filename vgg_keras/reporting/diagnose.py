"""The report of a diagnosis."""

from __future__ import annotations

from vgg_keras.reporting.explanations import EXPLANATIONS
from vgg_keras.reporting.page import BLUE, Picture, Section, draw, make_axes
from vgg_keras.runs.results import Cause, DiagnoseResult

STAGES = ("batch", "forward", "loss", "gradients", "update", "state", "metrics", "finalize")


def verdict(result: DiagnoseResult) -> str:
    """The answer in a sentence."""
    if result.status == "failed":
        return f"The diagnosis has failed. {result.reason or ''}"
    if result.verdict == "identical":
        return f"identical: all {result.steps} steps are those that fit makes."
    if result.verdict == "inconclusive":
        return f"inconclusive: {' '.join(result.evidence)}"
    place = f"epoch {result.first_epoch}, step {result.first_step}, stage {result.stage}"
    return f"diverges in {place}: {result.cause}."


def causes_of(result: DiagnoseResult) -> list[Cause]:
    """All causes, the first one first."""
    if result.cause is None:
        return result.other_causes
    first = Cause(**{name: getattr(result, name) for name in Cause.__dataclass_fields__})
    return [first, *result.other_causes]


def sentences(cause: Cause) -> list[str]:
    """A cause in words: what it is, what was seen, where, and what to change."""
    explanation = EXPLANATIONS.get(cause.cause)
    words = [explanation.what, explanation.why] if explanation else []
    place = [f"Line: {cause.location}."] if cause.location else []
    before, after = (cause.counterfactual.get(name) for name in ("before", "after"))
    proof = []
    if before is not None and after is not None:
        proof = [f"Proof: the gap to fit is {before:.3g}, and {after:.3g} to fit with this change."]
    return [*words, *cause.evidence, *place, *proof, f"To change: {cause.fix}"]


def sections(result: DiagnoseResult) -> list[Section]:
    """What the report shows."""
    parts = [Section("Gap of each step", pictures=[gaps(result.gaps)])] if result.gaps else []
    for cause in causes_of(result):
        row = ["differs" if stage == cause.stage else "" for stage in STAGES]
        title = f"{cause.cause}, from epoch {cause.first_epoch}, step {cause.first_step}"
        parts.append(Section(title, sentences(cause), head=list(STAGES), rows=[row]))
    return parts


def gaps(values: list[float | None]) -> Picture:
    """The gap between the gradients of the loop and of `fit`, step by step."""
    figure, (axes,) = make_axes(height=2.4, numbers=True)
    known = [float("nan") if value is None else value for value in values]
    axes.plot(range(len(known)), known, "o-", color=BLUE, markersize=3)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("Step, from 0")
    axes.set_ylabel("Gap of gradients")
    return draw(
        figure,
        "By how much of their size the gradients of the loop differ from those that fit makes from "
        "the same weights with the same batch. 0 is no difference.",
    )
