"""What a training prints while it runs."""

import math
from types import SimpleNamespace

import pytest

from vgg_keras.callbacks import Cumulative, Forecast, NotebookLines
from vgg_keras.reporting.notebook import line
from vgg_keras.reporting.words import duration

DATA = SimpleNamespace(train_count=6000, test_count=3000)


@pytest.mark.parametrize(
    ("rate", "trainings", "said"),
    [
        (100.0, 2, "About 7 min for 2 trainings\n"),
        (700.0, 1, "About 30 s for 1 training\n"),
        (5000.0, 1, ""),
        (None, 1, ""),
    ],
)
def test_how_long_it_will_take_is_said_once_after_some_seconds(capsys, rate, trainings, said):
    now = iter([0.0, 1.0, 3.0, 3.1, 3.2])
    timing = SimpleNamespace(images_per_second=rate)
    forecast = Forecast(timing, DATA, trainings, clock=lambda: next(now))
    forecast.set_params({"epochs": 3})
    forecast.on_train_begin()
    forecast.on_epoch_begin(0)
    forecast.on_train_batch_end(0)
    assert capsys.readouterr().out == ""
    forecast.on_train_batch_end(1)
    assert capsys.readouterr().out == said
    forecast.on_train_batch_end(2)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("terminal", "apart"), [(True, "\r\x1b[K"), (False, "\n")])
def test_it_is_not_said_inside_of_a_bar(monkeypatch, capsys, terminal, apart):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    now = iter([0.0, 5.0])
    timing = SimpleNamespace(images_per_second=100.0)
    forecast = Forecast(timing, DATA, 1, bar=True, clock=lambda: next(now))
    forecast.set_params({"epochs": 1})
    forecast.on_train_begin()
    forecast.on_epoch_begin(0)
    forecast.on_train_batch_end(0)
    assert capsys.readouterr().out == f"{apart}About 70 s for 1 training\n"


def test_epochs_that_were_trained_before_a_resume_are_not_waited_for(capsys):
    now = iter([0.0, 5.0])
    forecast = Forecast(SimpleNamespace(images_per_second=100.0), DATA, 1, clock=lambda: next(now))
    forecast.set_params({"epochs": 10})
    forecast.on_train_begin()
    forecast.on_epoch_begin(9)
    forecast.on_train_batch_end(0)
    assert capsys.readouterr().out == "About 70 s for 1 training\n"


def test_times_are_given_in_the_unit_that_reads_best():
    assert [duration(s) for s in (0.4, 99, 100, 5999, 9000)] == [
        "0 s",
        "99 s",
        "2 min",
        "100 min",
        "2.5 h",
    ]


def test_the_notebooks_line_follows_its_epoch(capsys):
    cumulative = Cumulative(10, 10, 5)
    lines = NotebookLines(cumulative)
    lines.on_train_begin()
    lines.on_epoch_begin(4)
    capsys.readouterr()
    cumulative.history = {"loss": [0.5] * 6, "val_loss": [0.25] * 6}
    lines.on_epoch_end(4)
    assert capsys.readouterr().out == ""  # Keras prints its own line after this hook
    lines.on_epoch_begin(5)
    own, published = capsys.readouterr().out.splitlines()
    assert own == line(cumulative.history, 4)
    assert own.startswith(f"에포크: 5, 손실: 0.50000, 정확도: {math.nan}")
    assert published.endswith("테스트 정확도: 98.7320 (published)")
    lines.on_epoch_end(5)
    lines.on_train_end()
    assert capsys.readouterr().out == f"{line(cumulative.history, 5)}\n"  # none was published
