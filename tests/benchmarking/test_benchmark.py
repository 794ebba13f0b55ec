"""Which is faster is measured in alternation, and said only as surely as the rounds allow."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from importlib.resources import files
from importlib.util import find_spec

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import in_process, refused

from vgg_keras import VGG, benchmark
from vgg_keras.benchmarking.alternation import PacedTraining, Timings, alternate
from vgg_keras.benchmarking.peer import Peer
from vgg_keras.benchmarking.ratio import seconds_ratio
from vgg_keras.models.vgg import flops
from vgg_keras.reporting.benchmark import speeds
from vgg_keras.reporting.benchmark import verdict as benchmark_verdict
from vgg_keras.reporting.page import STYLE
from vgg_keras.runs.reading import read_result
from vgg_keras.runs.results import BenchmarkResult, Group
from vgg_keras.runtime.drawing import own_style

SCHEMA = json.loads((files("vgg_keras") / "runs" / "schemas" / "benchmark.json").read_text())
NAMES = ("a", "b")


class World:
    """Trainings whose calls take the seconds of a script, and the clock that they see."""

    def __init__(self, epoch=1000, validation=0.0):
        self.now, self.order = 0.0, []
        self._epoch, self._validation = epoch, validation

    def clock(self):
        return self.now

    def training(self, name, seconds):
        def run(pace):
            for index, call in enumerate(seconds):
                if index % self._epoch == 0:
                    self.now += self._validation if index else 0
                    pace.on_epoch_begin(index // self._epoch)
                self.now += call
                self.order.append(name)
                pace.on_train_batch_end(index % self._epoch, {"loss": 1.0})

        return run

    def play(self, scripts, rounds, bar=False):
        trainings = [
            PacedTraining(self.training(name, script), calls=2, clock=self.clock)
            for name, script in zip("ab", scripts, strict=True)
        ]
        alternate(trainings, rounds, bar)
        return [training.timings for training in trainings]


def test_trainings_alternate_and_the_first_call_of_a_block_does_not_count():
    world = World()
    a = [9, 1, 1, *(5, 1, 2), *(5, 1, 4), *(5, 3, 3), *(5, 4, 4), 0]
    b = [8, 2, 2, *(5, 2, 2), *(5, 4, 4), *(5, 6, 6), *(5, 7, 9), 0]
    first, second = world.play([a, b], rounds=2)
    assert "".join(world.order) == "aaabbb" + "aaabbbbbbaaa" * 2
    assert first == Timings(9, [1.5, 2.5, 3, 4])
    assert second == Timings(8, [2, 4, 6, 8])


def test_a_block_that_an_epoch_ends_starts_again_so_that_no_validation_is_in_it():
    world = World(epoch=4, validation=100.0)
    for timings in world.play([[1] * 50] * 2, rounds=2):
        assert timings.call_seconds == [1, 1, 1, 1]


@pytest.mark.parametrize("bar", [False, True])
def test_a_bar_shows_how_far_it_is(monkeypatch, capsys, bar):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    World().play([[1] * 50] * 2, rounds=2, bar=bar)
    shown = capsys.readouterr().out
    assert all((f"{share}%" in shown) is bar for share in (25, 50, 75, 100))


def test_an_error_in_one_training_ends_both():
    with pytest.raises(RuntimeError, match="expected a training that goes on"):
        World().play([[1] * 5, [1] * 50], rounds=9)
    assert threading.active_count() == 1 + sum(t.daemon for t in threading.enumerate())


def test_the_keyboard_ends_both():
    def interrupts(pace):
        world.training("a", [1] * 4)(pace)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(1)

    world = World()
    with pytest.raises(KeyboardInterrupt):
        alternate(
            [PacedTraining(interrupts, 2), PacedTraining(world.training("b", [1] * 50), 2)], 9
        )


def test_a_steady_change_of_the_machine_cancels_in_each_round():
    # Each block takes 1 s more than the one before: A B B A. B is as fast as A.
    ratio = seconds_ratio(NAMES, Timings(0, [1, 4, 5, 8]), Timings(0, [2, 3, 6, 7]), seed=0)
    assert (ratio.seconds, ratio.low, ratio.high, ratio.verdict) == (1, 1, 1, "undecided")


@pytest.mark.parametrize(
    ("rounds", "verdict"),
    [
        ([1.1, 1.09, 1.12, 1.1, 1.1, 1.08, 1.11], "slower"),
        ([0.9, 0.92, 0.91, 0.9, 0.88, 0.9, 0.9], "faster"),
        ([0.9, 1.1, 1.0, 0.95, 1.06, 1.02, 0.97], "undecided"),
    ],
)
def test_the_answer_follows_from_the_interval(rounds, verdict):
    first = Timings(0, [half for ratio in rounds for half in (ratio, ratio)])
    second = Timings(0, [1.0] * len(first.call_seconds))
    ratio = seconds_ratio(NAMES, first, second, seed=0)
    assert ratio.rounds == rounds
    assert ratio.seconds == sorted(rounds)[3]
    assert ratio.low <= ratio.seconds <= ratio.high
    assert ratio.verdict == verdict
    assert ratio == seconds_ratio(NAMES, first, second, seed=0)


@pytest.mark.parametrize(
    ("rounds", "load", "doubts"),
    [(10, 2.0, 0), (9, 0.1, 1), (20, 2.1, 1), (5, 9.0, 2)],
)
def test_few_rounds_and_a_busy_machine_allow_no_verdict(rounds, load, doubts):
    timings = Timings(0, [2.0] * 2 * rounds), Timings(0, [1.0] * 2 * rounds)
    result = BenchmarkResult(
        command="benchmark", config={"rounds": rounds}, environment={"cores": 2}, load=load
    )
    assert len(result.doubts) == doubts
    ratio = seconds_ratio(NAMES, *timings, seed=0, decides=not result.doubts)
    assert ratio.verdict == ("undecided" if doubts else "slower")
    group = Group([], [ratio])
    assert benchmark_verdict(replace(result, groups=[group])).endswith(" ".join(result.doubts))


@given(st.lists(st.integers(50, 200), min_size=5, max_size=20), st.integers(1, 5))
def test_a_training_that_takes_longer_in_every_round_is_slower(percent, more):
    second = Timings(0, [p / 100 for p in percent for _ in "AA"])
    first = Timings(0, [seconds * (1 + more / 10) for seconds in second.call_seconds])
    assert seconds_ratio(NAMES, first, second, seed=0).verdict == "slower"
    assert seconds_ratio(NAMES, second, first, seed=0).verdict == "faster"


SMALL = ["--filters", "4,8", "--limit", "640", "--rounds", "5", "--steps", "3"]


@pytest.mark.slow
def test_a_benchmark_reports_ratio_interval_and_machine(tmp_path, capsys):
    arguments = ["--variants", "tape:bfloat16,tape", "--logdir", tmp_path, "--name", "a"]
    status = in_process("benchmark", *SMALL, *arguments)
    printed = capsys.readouterr().out
    home = tmp_path / "benchmark" / "a"
    result = json.loads((home / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    (group,) = result["groups"]
    (ratio,) = group["ratios"]
    assert status == (3 if ratio["verdict"] == "undecided" else 0)
    assert (ratio["first"], ratio["second"]) == ("tape:bfloat16", "tape")
    for timed in group["timed"]:
        assert len(timed["call_seconds"]) == 10
        assert timed["images_per_second"] > 0
        assert timed["first_call_seconds"] > max(timed["call_seconds"])
    answer = f"{ratio['seconds']:.3f} times the time of tape"
    assert answer in " ".join(printed.split())
    page = (home / "report.html").read_text()
    assert answer in page
    assert page.count("<svg") == 2
    with own_style(STYLE):
        drawing = speeds(read_result(home).groups[0]).svg
    assert drawing in page
    assert "tape:bfloat16" in drawing


@pytest.mark.slow
def test_a_benchmark_gives_in_python_what_its_file_says(tmp_path):
    result = benchmark(
        variants=["step", "fit"],
        filters=[4, 8],
        limit=640,
        rounds=5,
        steps=3,
        logdir=tmp_path,
        verbose=0,
    )
    jsonschema.validate(result.to_dict(), SCHEMA)
    assert json.loads((result.path / "result.json").read_text()) == result.to_dict()
    assert read_result(result.path) == result
    (ratio,) = result.ratios
    assert (ratio.first, ratio.second) == ("step", "fit")
    assert result.verdict == ratio.verdict
    assert [timed.name for timed in result.groups[0].timed] == ["step", "fit"]


@pytest.mark.slow
def test_the_cost_of_recording_is_measured(tmp_path):
    arguments = ["--recording", "--variants", "fit", "--epochs", "2", "--logdir", tmp_path]
    arguments += ["--name", "a"]
    assert in_process("benchmark", *SMALL, *arguments) == 0
    result = json.loads((tmp_path / "benchmark" / "a" / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    (group,) = result["groups"]
    assert [timed["name"] for timed in group["timed"]] == ["fit with recording", "fit"]
    cost = result["recording"]["fit"]
    assert cost["epochs"] == 2
    assert 0 < cost["seconds"] < 60
    assert 1000 < cost["event_bytes"] < 5e6


@pytest.mark.slow
def test_others_are_timed_beside_the_trainers(tmp_path):
    variants = ["--variants", "fit,bare-fit,bare-tape,matmul", "--logdir", tmp_path, "--name", "a"]
    peers = ",".join(name for name in ("torch", "jax") if find_spec(name))
    others = ["--peers", peers] if peers else []
    assert in_process("benchmark", *SMALL, *variants, *others) in (0, 3)
    result = json.loads((tmp_path / "benchmark" / "a" / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    (group,) = result["groups"]
    assert [ratio["second"] for ratio in group["ratios"]] == [
        *("bare-fit", "bare-tape", "matmul"),
        *filter(None, peers.split(",")),
    ]


@pytest.mark.parametrize("peer", ["torch", "jax"])
def test_a_framework_that_is_missing_is_named(tmp_path, capsys, peer):
    if find_spec(peer):
        pytest.skip(f"{peer} is installed")
    line = refused(capsys, "benchmark", *SMALL, "--peers", peer, "--logdir", tmp_path / "logs")
    assert (
        f"--peers: expected a framework that is installed (pip install '.[bench]'), received {peer}"
        in line
    )
    assert not (tmp_path / "logs").exists()


def test_the_operations_of_a_step_computed_by_hand():
    # 4 filters of 3 x 3 on 28 x 28 x 1 pixels: 2 * 9 * 4 * 784 = 56,448. After the pool 14 x 14 x 4
    # values to 8 units: 2 * 784 * 8 = 12,544, and 8 to 10: 160. Three times, but for the gradient
    # of the image.
    model = VGG(filters=((4,),), dense=8)
    model.build((None, 28, 28, 1))
    assert flops(model) == 3 * (56_448 + 12_544 + 160) - 56_448


def test_a_peer_that_has_ended_is_not_taken_for_an_output_that_nobody_reads():
    pipe = subprocess.PIPE
    peer = object.__new__(Peer)
    peer._name = "torch"
    peer._process = subprocess.Popen([sys.executable, "-c", ""], stdin=pipe, stdout=pipe, text=True)
    peer._process.wait()
    with pytest.raises(RuntimeError, match="expected an answer of the program for torch"):
        peer._ask()
    peer.finish()
