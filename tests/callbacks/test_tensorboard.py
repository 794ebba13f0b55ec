"""What TensorBoard shows of a run, read back from its event files."""

import io

import numpy as np
import pytest
from comparisons import SMALL
from helpers import TRAINERS, scalars, tiny_vgg
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from vgg_keras import TrainConfig, train
from vgg_keras.callbacks import Board, Timing
from vgg_keras.callbacks.pictures import confusion_picture, filters_picture, grid_picture
from vgg_keras.datasets import Batches
from vgg_keras.runs.results import Test as Figures
from vgg_keras.training.evaluation import Evaluation

pytestmark = pytest.mark.slow


def events(directory):
    return EventAccumulator(str(directory), size_guidance={"tensors": 0}).Reload()


@pytest.mark.parametrize("trainer", ["tape", "fit"])
def test_the_graph_shows_the_blocks_by_name(compared, trainer):
    graph = events(compared[1] / trainer / "seed-0").Graph()
    scopes = {node.name.split("/")[1] for node in graph.node if "/" in node.name}
    blocks = {f"block1_{layer}" for layer in ("conv1", "conv2", "pool")}
    assert scopes == {*blocks, "flatten", "fc1", "predictions"}
    assert not any(name.startswith("^") for node in graph.node for name in node.input)


@pytest.mark.parametrize("trainer", ["tape", "fit"])
def test_curves_come_before_pictures_and_single_figures(compared, trainer):
    home = compared[1] / trainer / "seed-0"
    tags = {part: events(home / part).Tags()["tensors"] for part in ("", "train", "hparams")}
    pictures = [tag for tag in tags[""] if tag != "configuration"]
    single = [tag for tag in tags["hparams"] if not tag.startswith("_")]
    assert max(tags["train"]) < min(pictures + single)  # TensorBoard sorts groups by name


@pytest.mark.parametrize("trainer", ["tape", "fit"])
def test_images_are_there_for_each_epoch_and_at_the_end(compared, trainer):
    file = events(compared[1] / trainer / "seed-0")
    for tag, steps in {
        "sample/confusion_matrix": [0, 1],
        "filters/block1_conv1": [0, 1],
        "test/confusion_matrix": [1],
        "test/mistakes": [1],
    }.items():
        found = file.Tensors(tag)
        assert [event.step for event in found] == steps
        width, height, png = found[0].tensor_proto.string_val
        assert Image.open(io.BytesIO(png)).size == (int(width), int(height))


@pytest.mark.parametrize("trainer", ["tape", "fit"])
def test_a_run_has_its_configuration_as_text_and_a_row_of_hparams(compared, trainer):
    result, directory = compared
    home = directory / trainer / "seed-0"
    file = events(home)
    (text,) = file.Tensors("configuration")
    assert b"| filters | `4` |" in text.tensor_proto.string_val[0]
    run = next(run for run in result["runs"] if (run["trainer"], run["seed"]) == (trainer, 0))
    row = scalars(home / "hparams")
    assert row["result/test_accuracy", 0] == np.float32(run["test"]["accuracy"])
    assert row["result/test_loss", 0] == np.float32(run["test"]["loss"])
    assert row["result/parameters", 0] == run["parameters"]
    assert row["result/seconds", 0] == pytest.approx(sum(run["seconds_per_epoch"]))
    content = (
        events(home / "hparams").SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    )
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert start.group_name
    values = {
        name: value.string_value or value.number_value for name, value in start.hparams.items()
    }
    assert values == {
        "dataset": "mnist",
        "limit": 80,
        "epochs": 2,
        "batch_size": 32,
        "precision": "float32",
        "model": "mnist",
        "trainer": trainer,
        "seed": 0,
        "learning_rate": 0.001,
        "filters_1": 4,
    }


@pytest.mark.slow
@pytest.mark.parametrize("trainer", TRAINERS)
def test_batches_histograms_and_a_profile_are_written_if_asked_for(tmp_path, trainer):
    options = {"update_freq": "batch", "histograms": True, "profile": [2, 3]}
    train(**SMALL, **options, trainer=trainer, logdir=tmp_path, name="a")
    home = tmp_path / "train" / "a"
    steps = [step for tag, step in scalars(home / "train") if tag == "batch_loss"]
    assert sorted(steps) == list(range(1, 7))
    weights, gradients = events(home / "train"), events(home)
    for file, tag in ((weights, "histogram"), (gradients, "gradient")):
        found = file.Tensors(f"vgg/block1_conv1/kernel/{tag}")
        assert [event.step for event in found] == [0, 1]
    assert list((home / "train" / "plugins" / "profile").rglob("*.xplane.pb"))


@pytest.mark.parametrize("trainer", TRAINERS)
def test_curves_of_batches_go_on_where_a_model_is_trained_further(tmp_path, trainer, digits):
    model = tiny_vgg()
    for epochs in (1, 2):
        config = TrainConfig(epochs=epochs, update_freq="batch")
        timing = Timing(config.batch_size)
        callbacks = [timing, Board(tmp_path, config, timing, 32)]
        model._initial_epoch = epochs - 1
        TRAINERS[trainer](model, Batches(digits, config.batch_size), config, callbacks, 0)
    files = sorted((tmp_path / "train").glob("events*"))
    assert len(files) == 2
    steps = [[step for tag, step in scalars(file) if tag == "batch_loss"] for file in files]
    assert steps == [[1, 2, 3], [4, 5, 6]]


def test_the_worst_mistakes_computed_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]], np.float32)
    labels = np.array([0, 0, 1, 1])
    evaluation = Evaluation(0.0, {"accuracy": 0.5}, 4, labels, probabilities)
    # images 1 and 2 are wrong, image 1 with 0.8 more confidently than image 2 with 0.7
    assert evaluation.mistakes(25).tolist() == [1, 2]
    assert evaluation.mistakes(1).tolist() == [1]
    assert evaluation.test == Figures(loss=0.0, accuracy=0.5, correct=2, total=4)


def test_filters_are_drawn_from_the_lowest_weight_to_the_highest():
    kernel = np.zeros((3, 3, 1, 3), np.float32)
    kernel[..., 0], kernel[..., 1], kernel[..., 2] = -1, 0, 1
    picture = filters_picture(kernel)
    assert picture.shape == (2 * 38, 2 * 38, 1)
    assert picture[10, 10, 0] == 0
    assert picture[10, 48, 0] == 127
    assert picture[48, 10, 0] == 255


def test_a_confusion_matrix_is_dark_where_a_class_is_found():
    labels, probabilities = np.array([0, 1, 1, 2]), np.eye(3)[[0, 1, 0, 0]]
    picture = confusion_picture(labels, probabilities).astype(int)
    assert picture.shape == (660, 660, 3)
    corners = picture[10:600:200, 70::200]  # the upper left corner of each of 3 x 3 cells
    light = corners.sum(axis=2)
    assert (light[0, 0], light[1, 1]) == (light.min(), light[1, 0])  # 1 of 1, and 1 of 2 each
    assert light[2, 0] == light.min()
    assert {*light[[0, 0, 1, 2, 2], [1, 2, 2, 1, 2]]} == {light.max()}
    assert (picture[:200, 60:260, 0] == 255).any()  # the number in a dark cell is white
    assert confusion_picture(labels, np.eye(100)[[0, 1, 0, 0]]).shape == (660, 660, 3)


def test_mistakes_are_drawn_side_by_side_under_their_captions():
    black, red = np.zeros((20, 10, 1), np.uint8), np.tile(np.uint8([255, 0, 0]), (20, 10, 1))
    picture = grid_picture([black, red, black], ["0 as 1, 99%", "ö as ß, 60%", "x" * 200])
    tall = 28 + 2 * 146 + 4
    assert picture.shape == (2 * tall, 2 * 150, 3)
    assert (picture[28 : tall - 4, 2:148] == 0).all()
    assert (picture[28 : tall - 4, 152:298] == [255, 0, 0]).all()
    for top, left in ((0, 0), (0, 150), (tall, 0)):
        caption = picture[top : top + 28, left : left + 150]
        assert caption.min() < 200
        assert (caption[:, [0, -1]] == 255).all()
    assert (picture[tall:, 150:] == 255).all()
    assert grid_picture([np.zeros((4096, 1, 1), np.uint8)], ["tall"]).shape == (632, 150, 3)


@pytest.mark.slow
def test_a_browser_shows_both_trainers_in_time_series_graphs_and_hparams(
    compared, browser, tmp_path
):
    from screenshots import take_pictures, tensorboard

    home = compared[1]
    runs = [f"compare/a/{trainer}/seed-0" for trainer in ("tape", "fit")]
    with tensorboard(home.parents[1]) as address:
        take_pictures(browser, address, runs, tmp_path)
    for page in ("timeseries", "graphs", "hparams"):
        assert (tmp_path / f"{page}.png").stat().st_size > 10_000
