"""Small comparisons that the tests share."""

import json
from importlib.resources import files

import jsonschema

from vgg_keras.config.lists import FilterCounts

SCHEMA = json.loads((files("vgg_keras") / "runs" / "schemas" / "compare.json").read_text())
SMALL = {"limit": 80, "epochs": 2, "filters": FilterCounts([4, 8])}


def check(result, directory):
    jsonschema.validate(result, SCHEMA)
    result = json.loads(json.dumps(result))
    assert json.loads((directory / "result.json").read_text()) == result
    assert json.loads((directory / "config.json").read_text()) == result["config"]
