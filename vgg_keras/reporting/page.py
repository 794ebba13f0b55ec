"""Sections of text, figures and tables, made into one page that needs nothing else."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vgg_keras.runs.files import writing_whole

STYLE: Any = {"svg.hashsalt": "vgg_keras", "svg.fonttype": "none", "font.size": 9}
STYLE |= {"axes.spines.top": False, "axes.spines.right": False}
STYLE |= {"axes.grid": True, "grid.alpha": 0.3, "axes.facecolor": "none"}
STYLE |= {"figure.facecolor": "none", "lines.markersize": 4}

# Okabe and Ito's colours, which colour-blind readers can distinguish.
BLUE, LIGHT_BLUE, ORANGE, GREY = "#0072b2", "#56b4e9", "#d55e00", "#999999"


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes:
        svg: The drawing.
        alt: What it shows, for those who cannot see it.
    """

    svg: Markup
    alt: str

    @property
    def address(self) -> str:
        """The drawing as an address, for where it cannot be part of the page."""
        return f"data:image/svg+xml;base64,{b64encode(self.svg.encode()).decode()}"


@dataclass(frozen=True)
class Thumbnail:
    """A small image.

    Attributes:
        png: The image, in base64.
        caption: Text under it.
    """

    png: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: Heading.
        text: Paragraphs.
        pictures: Figures.
        thumbnails: Small images.
        head: Heads of the table's columns; empty for no table.
        rows: Rows of the table.
        facts: Values by name.
        code: A command.
    """

    title: str
    text: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    thumbnails: Sequence[Thumbnail] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = field(default=())
    facts: Mapping[str, object] = field(default_factory=dict)
    code: str = ""


def make_axes(
    width: float = 4.6,
    height: float = 2.6,
    height_ratios: Sequence[float] = (1,),
    numbers: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Makes a figure.

    Args:
        width: Width in inches.
        height: Height in inches.
        height_ratios: Relative heights of the axes, from top to bottom.
        numbers: Whether the tick labels of y are numbers, which fit a fixed margin. Other labels
            are measured, which takes as long as drawing.

    Returns:
        The figure, and its axes, which share their x.
    """
    figure = Figure((width, height), layout=None if numbers else "constrained")
    if numbers:
        figure.subplots_adjust(0.8 / width, 0.45 / height, 1 - 0.1 / width, 1 - 0.3 / height)
    ratios = list(height_ratios)
    rows = figure.subplots(len(ratios), sharex=True, squeeze=False, height_ratios=ratios)
    return figure, list(rows.flat)


def draw(figure: Figure, alt: str, values: Mapping[str, Sequence[str]] | None = None) -> Picture:
    """Draws a figure as SVG, the same bytes each time; what is black has the colour of the text.

    Args:
        figure: The figure.
        alt: What it shows, for those who cannot see it.
        values: Texts that a pointer shows over the markers of a line, by the line's `gid`.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace("#000000", "currentColor")
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    for line, texts in (values or {}).items():
        svg = with_titles(svg, line, texts)
    return Picture(Markup(svg), alt)


def render(template: str, **values: Any) -> str:
    """Fills in a template; every text in it is escaped."""
    environment = Environment(
        loader=PackageLoader("vgg_keras.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)


def with_titles(svg: str, line: str, texts: Sequence[str]) -> str:
    """Gives the markers of a line titles, which browsers show under the pointer."""
    before, start, rest = svg.partition(f'<g id="{line}">')
    group, end, after = rest.partition("<g id=")
    titles = (f"><title>{escape(text)}</title></use>" for text in texts)
    titled = re.sub(r"(<use [^>]*)/>", lambda mark: mark[1] + next(titles, "/>"), group)
    return before + start + titled + end + after


def write_page(
    path: Path,
    title: str,
    verdict: str,
    cards: Mapping[str, Sequence[str]],
    sections: Sequence[Section],
) -> None:
    """Writes the page.

    Args:
        path: File to write.
        title: Title of the page.
        verdict: The answer, in a sentence.
        cards: The facts that most readers look for, by name, in lines.
        sections: What follows.
    """
    page = render("page.html", title=title, verdict=verdict, cards=cards, sections=sections)
    with writing_whole(path) as file:
        file.write(page.encode(errors="backslashreplace"))
