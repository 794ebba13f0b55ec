"""Figures at the limits of what a computer can hold are reported, or refused in one line."""

import collections
import json
import random
import shutil
import warnings

import pytest
from comparisons import SMALL

from vgg_keras import benchmark, compare
from vgg_keras.errors import InputError
from vgg_keras.reporting.words import decimal, percent
from vgg_keras.reporting.write import write_report
from vgg_keras.runs.reading import read_result

LIMITS = (
    *(1e308, -1e308, 1.7976931348623157e308, 1e300, -1e300, 1e100, 1e30, 1e16, 1, -1),
    *(5e-324, -5e-324, 1e-300, 0.0, -0.0, 10**30, -(10**300), 2**63, 2**63 - 1),
)
INPUTS = 3
"""For each way to change figures of each run."""


@pytest.fixture(scope="module")
def homes(made_once, compared, searched, trained_home):
    """The folder of runs of each command."""

    def make(home):
        place = {"logdir": home, "name": "a"}
        compare(**{**SMALL, "epochs": 1}, **place, seeds=2, variants="tape,fit:bfloat16")
        short = {"filters": [4], "limit": 320, "rounds": 5, "steps": 2, "verbose": 0}
        benchmark(**short, **place, recording=True)

    logs = made_once("limits", make)
    return {
        "identical": compared[1],
        "different": logs / "compare" / "a",
        "search": searched[1],
        "train": trained_home,
        "benchmark": logs / "benchmark" / "a",
    }


def places(value, path=()):
    """Each number in a value: what holds it, its key there, and the names on the way to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        names = (*path, key) if isinstance(key, str) else path
        if isinstance(item, (dict, list)):
            yield from places(item, names)
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            yield value, key, names


def kinds(value):
    """The places of figures by what they are, such as all losses."""
    found = collections.defaultdict(list)
    left_out = ("schema", "config", "environment")
    for holder, key, names in places({k: v for k, v in value.items() if k not in left_out}):
        found[names].append((holder, key))
    return list(found.values())


def put(place, number):
    holder, key = place
    holder[key] = int(number) if isinstance(holder[key], int) else number


def one_figure(rng, value):
    put(rng.choice(rng.choice(kinds(value))), rng.choice(LIMITS))


def all_of_a_kind(rng, value):
    for place in rng.choice(kinds(value)):
        put(place, rng.choice(LIMITS))


def equal_ones(rng, value):
    number = rng.choice(LIMITS)
    for place in rng.choice(kinds(value)):
        put(place, number)


def everything(rng, value):
    small = [number for number in LIMITS if abs(number) <= 1e300]
    for kind in kinds(value):
        for place in kind:
            if isinstance(place[0][place[1]], float):
                put(place, rng.choice(small))


def single_points(rng, value):
    for run in value.get("runs", ()):
        run["epochs_done"] = 1
        for figures in (*run["history"].values(), *run["cumulative"].values()):
            del figures[1:]
        del run["digests"][1:], run["seconds_per_epoch"][1:]
    for group in value.get("groups", ()):
        for timed in group["timed"]:
            del timed["call_seconds"][1:]
        for ratio in group["ratios"]:
            del ratio["rounds"][rng.choice((0, 1)) :]
    del value.get("trials", [])[1:]
    one_figure(rng, value)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["identical", "different", "search", "train", "benchmark"])
@pytest.mark.parametrize(
    "change", [one_figure, all_of_a_kind, equal_ones, everything, single_points]
)
def test_figures_at_the_limits_are_reported_or_refused_in_one_line(
    homes, tmp_path, command, change
):
    text, refused = (homes[command] / "result.json").read_text(), []
    for seed in range(INPUTS):
        value = json.loads(text)
        change(random.Random(f"{command} {seed}"), value)
        (tmp_path / "result.json").write_text(json.dumps(value))
        with warnings.catch_warnings(action="error"):
            try:
                assert write_report(tmp_path).stat().st_size < 10 * len(text) + 1_000_000
            except InputError as error:
                refused.append(str(error))
    assert not any("\n" in line for line in refused)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1e308, -(10**300), 2**63])
def test_a_figure_out_of_range_is_named_with_its_place(homes, tmp_path, number):
    shutil.copytree(homes["train"], tmp_path / "a")
    value = json.loads((tmp_path / "a" / "result.json").read_text())
    value["runs"][0]["history"]["loss"][1] = number
    (tmp_path / "a" / "result.json").write_text(json.dumps(value))
    expected = r"runs\[0\].history.loss\[1\]: -?[\d.e+]+, which is out of the range of figures"
    with pytest.raises(InputError, match=expected):
        read_result(tmp_path / "a")


def test_large_numbers_are_written_with_an_exponent():
    assert decimal(0.123456, 5) == "0.12346"
    assert decimal(-1e300, 3) == "-1e+300"
    assert percent(0.98765, 2) == f"{0.98765:.2%}" == "98.77%"
    assert percent(1e300, 2) == "1e+302%"
