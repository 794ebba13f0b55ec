"""Small comparisons that the tests share."""

import json
from importlib.resources import files

import jsonschema

SCHEMA = json.loads((files("vgg_keras") / "runs" / "schemas" / "compare.json").read_text())
SMALL = {"limit": 80, "epochs": 2, "filters": (4,), "verbose": 0}
OPTIONS = {name: value for name, value in SMALL.items() if name != "verbose"}


def check(result, directory):
    """A result follows its schema, and is what the files say."""
    value = result.to_dict()
    jsonschema.validate(value, SCHEMA)
    assert json.loads((directory / "result.json").read_text()) == json.loads(json.dumps(value))
    assert json.loads((directory / "config.json").read_text()) == value["config"]
