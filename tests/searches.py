"""Small searches that the tests share."""

import json
import subprocess
import sys
from importlib.resources import files

import jsonschema

from vgg_keras import SearchConfig, search
from vgg_keras.config.lists import Choices

SCHEMA = json.loads((files("vgg_keras") / "runs" / "schemas" / "search.json").read_text())
SMALL = {
    "limit": 200,
    "epochs": 1,
    "trials": 3,
    "convolutions_choices": Choices([1]),
    "filters_choices": Choices([2, 4, 6]),
    "dense_choices": Choices([8]),
}


def run(tmp_path, name="a", resume=False, **changes):
    config = SearchConfig(**{**SMALL, **changes}, logdir=str(tmp_path), name=name)
    result = search(config, resume)
    assert json.loads((tmp_path / "search" / name / "result.json").read_text()) == result
    jsonschema.validate(result, SCHEMA)
    return result


def outcome(result):
    """What must be the same in a search repeated: all but times."""
    trials = [{k: v for k, v in trial.items() if k != "seconds"} for trial in result["trials"]]
    return trials, result["best"], result["space"], result["data"]


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
