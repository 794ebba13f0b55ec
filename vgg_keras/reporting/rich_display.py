"""What a notebook shows of a result: the verdict, and the sections of the report in brief."""

from __future__ import annotations

import os

from vgg_keras.reporting.page import STYLE, render
from vgg_keras.reporting.write import KINDS
from vgg_keras.runs.results import Result
from vgg_keras.runtime.drawing import own_style


def to_html(result: Result) -> str:
    """Writes a result as HTML without styles and scripts, which notebooks remove.

    Args:
        result: Result of a run.

    Returns:
        The verdict, the sections, of which the first is open, and a link to the report.
    """
    kind, report = KINDS[result.command], result.path / "report.html"
    with own_style(STYLE):
        sections = kind.sections(result)
    link = os.path.relpath(report) if report.exists() else None
    return render("result.html", verdict=kind.verdict(result), sections=sections, report=link)
