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

    Each variant gets runs `mean`, `low` and `high` with the tags of its trainings. `mean` also has
    all three under tags of their own, because a chart of the Custom Scalars page takes them from
    one run. TensorBoard gives every seventh run the same colour, and these six do not collide.

    Args:
        directory: Folder of the comparison.
        runs: Its trainings.
    """
    metrics = metrics_of(runs)
    layout = layout_summary(layout_of(metrics))
    lines: dict[Path, dict[str, list[float]]] = {}
    for trainer in dict.fromkeys(run.trainer for run in runs):
        for bound, pick in BOUNDS.items():
            home = home_of(directory, trainer, bound)
            shutil.rmtree(home, ignore_errors=True)
            for metric in metrics:
                histories = [run.history[metric] for run in runs if run.trainer == trainer]
                line = [
                    pick([figure for figure in column if figure is not None] or [math.nan])
                    for column in zip_longest(*histories)
                ]
                part = "validation" if metric.startswith("val_") else "train"
                tag = f"epoch_{metric.removeprefix('val_')}"
                lines.setdefault(home / part, {})[tag] = line
                mean = home_of(directory, trainer, "mean") / part
                lines.setdefault(mean, {})[f"seeds/{metric}/{bound}"] = line
    for home, tags in lines.items():
        with writing_events(), tf.summary.create_file_writer(str(home)).as_default():
            if home.parent.name == "mean":
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
