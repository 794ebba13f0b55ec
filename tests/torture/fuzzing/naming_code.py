"""Configurations of `.keras` files that name code, which would leave a file behind if it ran."""

import base64
import json
import marshal
import random
from pathlib import Path
from typing import Any

PLANTED = "planted"


def name_code(rng: random.Random, config: str) -> bytes:
    """Makes the `config.json` of a VGG name code somewhere.

    Args:
        rng: of the choice.
        config: of a VGG.
    """
    model = json.loads(config)
    code = rng.choice((a_lambda(), _class(), _function(), _lambda_layer()))
    place = rng.choice(("all", "dtype", "name", "filters", "registered_name", "compile_config"))
    if place == "all":
        model = code
    elif place == "registered_name":
        model |= {"module": code.get("module"), "registered_name": code["class_name"]}
    elif place == "compile_config":
        model[place] = {"optimizer": code, "loss": code, "metrics": [code]}
    else:
        model["config"][place] = code
    return json.dumps(model).encode()


def _marshalled() -> str:
    source = f"lambda *arguments, **options: open({str(Path(PLANTED).resolve())!r}, 'w').close()"
    return base64.b64encode(marshal.dumps(eval(source).__code__)).decode()


def a_lambda() -> dict[str, Any]:
    """A function that Keras would make of marshalled code."""
    return {"class_name": "__lambda__", "config": {"value": [_marshalled(), None, None]}}


def _lambda_layer() -> dict[str, Any]:
    code = {"code": _marshalled(), "defaults": None, "closure": None}
    function = {"class_name": "__lambda__", "config": code}
    layer = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "layer", "function": function, "arguments": {}},
        "registered_name": None,
    }
    layers = {"name": "model", "layers": [layer], "build_input_shape": [None, 8, 8, 1]}
    return {"module": "keras", "class_name": "Sequential", "config": layers}


def _class() -> dict[str, Any]:
    arguments = {"args": ["touch", str(Path(PLANTED).resolve())]}
    return {"module": "subprocess", "class_name": "Popen", "config": arguments}


def _function() -> dict[str, Any]:
    name = "system"
    return {"module": "os", "class_name": "function", "config": name, "registered_name": name}
