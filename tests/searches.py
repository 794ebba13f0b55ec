"""Small searches that the tests share."""

import functools
import json
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import jsonschema

from vgg_keras import SearchConfig, search
from vgg_keras.tuning.oracles import make_oracle
from vgg_keras.tuning.space import declare

SCHEMA = json.loads((files("vgg_keras") / "runs" / "schemas" / "search.json").read_text())
SMALL = {
    "limit": 200,
    "epochs": 1,
    "trials": 3,
    "convolutions_choices": [1],
    "filters_choices": [2, 4, 6],
    "dense_choices": [8],
}


def run(tmp_path, name="a", resume=False, **changes):
    options = {**SMALL, **changes}
    result = search(**options, logdir=tmp_path, name=name, resume=resume, verbose=0)
    value = json.loads((tmp_path / "search" / name / "result.json").read_text())
    assert value == json.loads(json.dumps(result.to_dict()))
    jsonschema.validate(value, SCHEMA)
    return result


def small_oracle(tmp_path, **changes):
    """The oracle of a small search, which keeps its files in a folder."""
    config = SearchConfig(**{**SMALL, **changes})
    oracle = make_oracle(config, declare(config))
    oracle._set_project_dir(str(tmp_path), "tuner")
    return oracle


def outcome(result):
    """What must be the same in a search repeated: all but times."""
    value = result.to_dict()
    trials = [{k: v for k, v in trial.items() if k != "seconds"} for trial in value["trials"]]
    return trials, value["best"], value["space"], value["data"]


@functools.cache
def undisturbed_outcome(**options):
    """The outcome of a search with these options and scripted scores, which nothing disturbs."""
    with tempfile.TemporaryDirectory() as home:
        return outcome(run(Path(home), **options))


def start(home, *options, program=("-m", "vgg_keras")):
    """Starts a search in a process of its own."""
    small = "--limit 200 --epochs 1 --convolutions-choices 1 --filters-choices 2,4,6"
    return subprocess.Popen(
        [
            *(sys.executable, *program, "search", *small.split(), "--dense-choices", "8"),
            *("--name", "a", "--logdir", home, *options),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
