"""The seeds of a comparison in TensorBoard: runs `mean`, `low` and `high`, and charts of them."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from statistics import fmean

import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar.summary import pb as layout_summary

from vgg_keras.callbacks.events import writing_events
from vgg_keras.reporting.training import metrics_of
from vgg_keras.runs.results import Run
from vgg_keras.training.directory import home_of

BOUNDS: dict[str, Callable[[list[float]], float]] = {"mean": fmean, "low": min, "high": max}
TITLE = "Mean of all seeds, and the band from the lowest to the highest"


def write_band(directory: Path, runs: Sequence[Run]) -> None:
    """Writes the mean, the lowest and the highest of each figure over the seeds.

    Each variant gets runs `mean`, `low` and `high` with the tags of its trainings, and `mean` what
    the charts of the Custom Scalars page draw, which need all three in one run.

    Args:
        directory: Folder of the comparison.
        runs: Its trainings.
    """
    metrics = metrics_of(runs)
    layout = layout_summary(layout_of(metrics))
    charts: dict[Path, dict[str, list[float]]] = {}
    lines: dict[Path, dict[str, list[float]]] = {}
    for trainer in dict.fromkeys(run.trainer for run in runs):
        mean = home_of(directory, trainer, "mean")
        for bound, pick in BOUNDS.items():
            home = home_of(directory, trainer, bound)
            shutil.rmtree(home, ignore_errors=True)
            for metric in metrics:
                histories = [run.history[metric] for run in runs if run.trainer == trainer]
                line = [
                    pick([figure for figure in column if figure is not None] or [math.nan])
                    for column in zip_longest(*histories)
                ]
                validation = metric.startswith("val_")
                part = home / ("validation" if validation else "train")
                tag = f"epoch_{metric.removeprefix('val_')}"
                lines.setdefault(part, {})[tag] = line
                charts.setdefault(mean, {})[f"seeds/{metric}/{bound}"] = line
    # TensorBoard numbers runs in the order of their start, and repeats its colours after seven, so
    # those of the charts are written one after the other.
    for home, tags in (charts | lines).items():
        with writing_events(), tf.summary.create_file_writer(str(home)).as_default():
            if home in charts:
                tf.summary.experimental.write_raw_pb(layout.SerializeToString(), step=0)
            for tag, line in tags.items():
                for epoch, figure in enumerate(line):
                    tf.summary.scalar(tag, figure, step=epoch)


def layout_of(metrics: dict[str, str]) -> layout_pb2.Layout:
    """The Custom Scalars page: a chart for each metric, with its title."""
    charts = []
    for metric, title in metrics.items():
        mean, low, high = (f"seeds/{metric}/{bound}" for bound in BOUNDS)
        series = layout_pb2.MarginChartContent.Series(value=mean, lower=low, upper=high)
        margin = layout_pb2.MarginChartContent(series=[series])
        charts.append(layout_pb2.Chart(title=title, margin=margin))
    return layout_pb2.Layout(category=[layout_pb2.Category(title=TITLE, chart=charts)])
