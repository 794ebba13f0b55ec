"""TensorBoard shows the mean of all seeds with its band, for each variant."""

from statistics import fmean

import pytest
from helpers import scalars
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar.metadata import CONFIG_SUMMARY_TAG

from vgg_keras.comparison.band import TITLE, write_band

BOUNDS = {"mean": fmean, "low": min, "high": max}


@pytest.mark.parametrize("trainer", ["tape", "fit"])
@pytest.mark.parametrize("bound", BOUNDS)
def test_mean_low_and_high_are_runs_with_the_tags_of_the_trainings(compared, trainer, bound):
    result, home = compared
    runs = [run for run in result.runs if run.trainer == trainer]
    for part, prefix in (("train", ""), ("validation", "val_")):
        shown = scalars(home / trainer / bound / part)
        shown = {key: figure for key, figure in shown.items() if key[0].startswith("epoch_")}
        assert {tag for tag, _ in shown} == {"epoch_loss", "epoch_accuracy"}
        for (tag, epoch), figure in shown.items():
            metric = tag.replace("epoch_", prefix)
            figures = [run.history[metric][epoch] for run in runs]
            assert figure == pytest.approx(BOUNDS[bound](figures))


def test_a_chart_for_each_figure_draws_the_band_of_both_trainers(compared):
    _, home = compared
    layouts = []
    for trainer in ("tape", "fit"):
        tags = {}
        for part in ("train", "validation"):
            run = home / trainer / "mean" / part
            (event,) = EventAccumulator(str(run)).Reload().Tensors(CONFIG_SUMMARY_TAG)
            layouts.append(layout_pb2.Layout.FromString(event.tensor_proto.string_val[0]))
            tags[part] = {tag for tag, _ in scalars(run)}
        (category,) = layouts[-1].category
        for chart in category.chart:
            (series,) = chart.margin.series
            part = "validation" if chart.title.startswith("Test") else "train"
            assert {series.value, series.lower, series.upper} <= tags[part]
    assert all(
        layout == layouts[0] for layout in layouts
    )  # or TensorBoard would show each chart twice
    assert category.title == TITLE
    titles = ["Training loss", "Training accuracy", "Test loss", "Test accuracy"]
    assert [chart.title for chart in category.chart] == titles


def test_written_again_a_band_takes_the_place_of_the_first(compared, tmp_path):
    for _ in range(2):
        write_band(tmp_path, compared[0].runs)
    assert len(list((tmp_path / "tape" / "mean" / "train").glob("events*"))) == 1
