"""What a search chooses from and is scored on, and what it refuses before it begins."""

import os
import subprocess
import sys

import keras_tuner
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vgg_keras import SearchConfig, cli
from vgg_keras.config.lists import Choices
from vgg_keras.datasets import Arrays, hold_out
from vgg_keras.errors import InputError
from vgg_keras.tuning.space import choose, choose_batch_size
from vgg_keras.tuning.tuner import seed_of


def test_choices_are_read_as_ranges_and_lists():
    assert Choices.parse("8:64:8") == (8, 16, 24, 32, 40, 48, 56, 64)
    assert Choices.parse("1:3") == (1, 2, 3)
    assert Choices.parse("16,32") == Choices.parse([16, 32]) == (16, 32)
    assert Choices.parse("0.001,0.01") == (0.001, 0.01)
    for text in ("64:8:8", "8:64:0", "8:64:-1", "a", "", "8:x"):
        with pytest.raises(ValueError, match=r"."):
            Choices.parse(text)


@settings(max_examples=30)
@given(
    labels=st.lists(st.integers(0, 3), min_size=10, max_size=200),
    share=st.floats(0.1, 0.9),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_held_out_part_is_a_seeded_share_of_every_class(labels, share, seed):
    y = np.array(labels)
    x = np.arange(len(y), dtype=np.uint8).reshape(-1, 1, 1, 1)
    arrays = Arrays(x, y, x[:1], y[:1], classes=4)
    counts = [round(share * int(np.sum(y == label))) for label in range(4)]
    if not 0 < sum(counts) < len(y):
        with pytest.raises(InputError, match="validation_split"):
            hold_out(arrays, share, seed)
        return
    parts, held = hold_out(arrays, share, seed)
    assert [int(np.sum(parts.y_test == label)) for label in range(4)] == counts
    both = np.concatenate([parts.x_train.ravel(), parts.x_test.ravel()])
    assert sorted(both) == list(range(len(y)))
    assert np.array_equal(parts.x_test.ravel(), held)
    assert np.array_equal(hold_out(arrays, share, seed)[1], held)


def test_seeds_are_a_function_of_search_trial_and_execution():
    seeds = {seed_of(s, t, e) for s in range(3) for t in range(3) for e in range(3)}
    assert len(seeds) == 27
    assert seed_of(0, 0, 0) == seed_of(0, 0, 0)


def test_the_design_follows_from_what_varies():
    config = SearchConfig(
        blocks_choices=[1, 2, 3],
        convolutions_choices=[1, 2],
        learning_rate_choices=[0.001, 0.01],
        batch_size_choices=[16, 64],
    )
    hp = keras_tuner.HyperParameters()
    hp.values = {
        "blocks": 2,
        "convolutions": 1,
        "filters_1": 16,
        "filters_2": 24,
        "learning_rate": 0.01,
        "batch_size": 64,
    }
    design = choose(hp, config)
    assert design.filters == ((16,), (24,))
    assert (design.dense, design.learning_rate) == (128, 0.01)
    assert choose_batch_size(hp, config) == 64


BAD = {
    "reversed": (["--filters-choices", "64:8:8"], "--filters-choices: expected numbers such as"),
    "reversed minutes": (["--filters-choices", "6:2:2"], "--filters-choices: expected numbers"),
    "empty": (["--filters-choices", ""], "--filters-choices: expected numbers such as"),
    "zero": (["--filters-choices", "0,8"], "--filters-choices: expected numbers from 1"),
    "fractions": (["--filters-choices", "1.5,2"], "--filters-choices: expected numbers from 1"),
    "repeated": (["--filters-choices", "8,16,8"], "--filters-choices: expected each number once"),
    "four parts": (["--filters-choices", "8:64:8:9"], "--filters-choices: expected numbers such"),
    "repeated rate": (["--learning-rate-choices", "0.1,0.1"], "each number once"),
    "class": (["--class-weight", "{10: 2.0}"], "--class-weight: expected classes from 0 to 9"),
    "no trials": (["--trials", "0"], "--trials: expected a number from 1"),
    "no share": (["--validation-split", "1.0"], "--validation-split: expected a share"),
    "rate": (["--learning-rate-choices", "0.0,0.1"], "--learning-rate-choices: expected"),
    "blocks": (["--blocks-choices", "2,6"], "at least 64 x 64 pixels for 6 pools"),
    "resume": (["--resume"], "--name: expected the run to resume"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_one_line_and_writes_nothing(tmp_path, capsys, arguments, message):
    logs = tmp_path / "logs"
    assert cli.main(["search", "--limit", "200", *arguments, "--logdir", str(logs)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not logs.exists()


@pytest.mark.slow
def test_bayesian_without_its_packages_says_what_to_install(tmp_path):
    code = (
        "import sys; sys.modules['sklearn'] = None\nfrom vgg_keras.cli.program import main\n"
        f"sys.exit(main(['search', '--algorithm', 'bayesian', '--logdir', {str(tmp_path)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=os.environ
    )
    assert done.returncode == 2
    assert "install vgg_keras[bayesian]" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_hyperband_says_how_many_designs_it_needs(tmp_path, capsys):
    logs = str(tmp_path / "logs")
    options = ["--algorithm", "hyperband", "--epochs", "9", "--filters-choices", "8,16"]
    assert cli.main(["search", *options, "--logdir", logs]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--algorithm hyperband: expected at least" in line
    assert line.endswith("with --epochs 9, received 4")
    assert not (tmp_path / "logs").exists()


def test_config_is_validated_where_it_is_made():
    with pytest.raises(InputError, match="executions"):
        SearchConfig(executions=0)
