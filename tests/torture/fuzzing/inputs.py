"""Bad input for the program, of many kinds.

A kind is a function of a random generator and the folder of sound runs. It writes files into the
current folder, and returns the arguments of the command line.
"""

import contextlib
import dataclasses
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from fuzzing.mutations import read_zip, spoil_bytes, spoil_json, spoil_zip, write_zip
from fuzzing.naming_code import PLANTED, name_code
from fuzzing.odd_data import odd_arrays, write_image, write_image_folders
from vgg_keras.config import CompareConfig, SearchConfig, TrainConfig
from vgg_keras.config.base import option_of

Arguments = list[str]
Kind = Callable[[random.Random, Path], Arguments]

PLACE = ["--logdir", "logs", "--name", "a", "--quiet"]
TINY = ["--limit", "20", "--epochs", "1", "--filters", "2,2", *PLACE]
SEARCH = [
    "--epochs",
    "1",
    "--trials",
    "1",
    "--filters-choices",
    "2",
    "--dense-choices",
    "4",
    *PLACE,
]
ODD_TEXTS = (
    *("", " ", "-", "--", "-1", "0", "2", "0.5", "nan", "1e999", "9" * 20, "null", "true", "[]"),
    *("{}", "{0: 1}", "{0: 1e38, 1: 1e38}", "[1, 2", "{a: b}", "*a", "&a [1]", "!!python/name:os"),
    *(
        "2,2",
        "2,,2",
        "2:6:2",
        "6:2:2",
        "1:999999999999",
        "::",
        "x",
        "x" * 300,
        "a/b",
        "..",
        "a\nb",
        "é",
        "\ud800",
    ),
    *("float16", "tape", "fit", "grid", "hyperband", "none.npz", "none.keras"),
)
SLOW = {"jit_compile", "profile", "workers"}
"""Options whose odd values may ask for more than a moment."""

ODD_YAML = (
    *(
        "",
        "epochs: [",
        "epochs: ''",
        "- 3",
        "a",
        "epochs: 1\nepochs: 2",
        "---\n---\n",
        "\t",
        "\ufeff",
    ),
    *("filters: &a [2, 2]", "filters: &a [*a]", "<<: {epochs: 2}", "? [a]\n: b", "config: x.yaml"),
    f"filters: !!python/object/apply:os.system ['touch {PLANTED}']",
    f"filters: !!python/object/new:subprocess.Popen [['touch', '{PLANTED}']]",
    "filters: [" + ", ".join(f"&a{n + 1} [{', '.join([f'*a{n}'] * 9)}]" for n in range(9)) + "]",
    "filters: [&a0 [2], " + ", ".join(f"&a{n + 1} [*a{n}, *a{n}]" for n in range(30)) + "]",
    "filters: " + "[" * 5000,
    "filters: " + "[" * 900 + "]" * 900,
    *("precision: .nan", "seed: 0x7fffffffffffffffff", "limit: 2001-01-01", "name: 1:30"),
)


def command_line(rng: random.Random, runs: Path) -> Arguments:
    """Odd values of one option or two."""
    data, model = str(runs / "data.npz"), str(runs / "logs" / "train" / "done" / "model.keras")
    dataset = ["--dataset", data]
    command, config, rest = rng.choice(
        (
            ("train", TrainConfig, [*dataset, *TINY]),
            ("compare", CompareConfig, [*dataset, *TINY]),
            ("search", SearchConfig, [*dataset, *SEARCH]),
            ("evaluate", TrainConfig, [model, *dataset]),
            ("predict", TrainConfig, [model, rng.choice(ODD_TEXTS)]),
            ("report", TrainConfig, [rng.choice(ODD_TEXTS)]),
        )
    )
    fields = [field.name for field in dataclasses.fields(config) if field.name not in SLOW]
    odd = []
    for _ in range(rng.randint(1, 2)):
        odd += [option_of(rng.choice(fields)), rng.choice(ODD_TEXTS)]
    return [command, *rest, *odd[: rng.choice((3, 4, 4, 4))]]


def config_file(rng: random.Random, runs: Path) -> Arguments:
    """A YAML file with odd values, odd syntax or damaged bytes."""
    values = {**TrainConfig().to_dict(), "dataset": str(runs / "data.npz"), "filters": [2, 2]}
    content = rng.choice(ODD_YAML).encode()
    if rng.random() < 0.6:
        content = spoil_json(rng, json.dumps({**values, "epochs": 1, "class_weight": {0: 1.5}}))
        if rng.random() < 0.5:
            with contextlib.suppress(ValueError, RecursionError):
                content = yaml.safe_dump(json.loads(content)).encode(errors="replace")
    Path("config.yaml").write_bytes(content)
    return ["train", "--config", "config.yaml", "--limit", "20", *PLACE]


def npz_file(rng: random.Random, runs: Path) -> Arguments:
    """A data set of odd arrays, or a damaged one."""
    file = Path("data.npz")
    arrays: dict[str, Any] = odd_arrays(rng, dict(np.load(runs / "data.npz")))
    np.savez(file, **arrays)
    if rng.random() < 0.4:
        content = file.read_bytes()
        outside = f"../{PLANTED}"
        spoil = rng.choice((spoil_bytes, lambda rng, content: spoil_zip(rng, content, outside)))
        file.write_bytes(spoil(rng, content))
    return ["train", "--dataset", str(file), *TINY]


def image_folder(rng: random.Random, runs: Path) -> Arguments:
    """Folders of images, or images to classify."""
    if rng.random() < 0.3:
        model = str(runs / "logs" / "train" / "done" / "model.keras")
        files = [write_image(rng, Path(str(index)), odd=True) for index in range(2)]
        return ["predict", model, *map(str, files)]
    write_image_folders(rng, Path("images"))
    return ["train", "--dataset", "images", *TINY]


def keras_file(rng: random.Random, runs: Path) -> Arguments:
    """A model that is damaged, edited, or that names code."""
    content = (runs / "logs" / "train" / "done" / "model.keras").read_bytes()
    members = read_zip(content)
    change = rng.choice(("bytes", "members", "config", "config", "code", "weights"))
    if change == "bytes":
        content = spoil_bytes(rng, content)
    elif change == "members":
        outside = rng.choice((f"../{PLANTED}", str(Path(PLANTED).resolve())))
        content = spoil_zip(rng, content, outside)
    else:
        config, weights = members["config.json"].decode(), members["model.weights.h5"]
        if change == "config":
            members["config.json"] = spoil_json(rng, config)
        elif change == "code":
            members["config.json"] = name_code(rng, config)
        else:
            members["model.weights.h5"] = spoil_bytes(rng, weights)
        content = write_zip(members)
    model = rng.choice(("model.keras",) * 4 + ("model", "model.h5"))
    Path(model).write_bytes(content)
    if rng.random() < 0.5:
        return ["evaluate", model, "--dataset", str(runs / "data.npz")]
    Image.new("L", (8, 8)).save("image.png")
    return ["predict", model, "image.png"]


def copy_run(runs: Path, command: str, name: str) -> Path:
    """Copies a sound run into the folder of runs."""
    return Path(shutil.copytree(runs / "logs" / command / name, Path("logs", command, name)))


def resume(command: str, directory: Path) -> Arguments:
    """The arguments that go on with a run."""
    config = str(directory / "config.json")
    return [command, "--config", config, "--logdir", "logs", "--resume", "--quiet"]


def result_json(rng: random.Random, runs: Path) -> Arguments:
    """A result that is damaged or edited."""
    command, name = rng.choice(("train", "compare", "search")), rng.choice(("done", "broken"))
    directory = copy_run(runs, command, name)
    file = directory / "result.json"
    file.write_bytes(spoil_json(rng, file.read_text()))
    if command == "search" or rng.random() < 0.7:
        return ["report", str(directory)]
    return resume(command, directory)


def config_json(rng: random.Random, runs: Path) -> Arguments:
    """The configuration of a run, damaged or edited."""
    command, name = rng.choice(("train", "compare", "search")), rng.choice(("done", "broken"))
    directory = copy_run(runs, command, name)
    file = directory / "config.json"
    options = json.loads(file.read_text())
    file.write_bytes(spoil_json(rng, file.read_text()))
    if name == "done" and rng.random() < 0.5:
        return ["evaluate", str(directory)]
    if rng.random() < 0.5:
        return resume(command, directory)
    file.with_name("sound.json").write_text(json.dumps(options))
    arguments = resume(command, directory)
    return [*arguments[:2], str(file.with_name("sound.json")), *arguments[3:]]


def state_file(rng: random.Random, runs: Path) -> Arguments:
    """The files that a run goes on from, damaged or edited."""
    command = rng.choice(("train", "compare", "search"))
    directory = copy_run(runs, command, "broken")
    patterns = ("*.npz", "*.npz", "events*", "*.json*", ".*.copy", "*.keras")
    files = sorted(file for pattern in patterns for file in directory.rglob(pattern))
    for file in sorted({*rng.sample(files, rng.randint(1, min(3, len(files))))}):
        content = file.read_bytes()
        if file.suffix == ".npz" and rng.random() < 0.5:
            content = spoil_zip(rng, content, f"../{PLANTED}")
        elif ".json" in file.name:
            content = spoil_json(rng, content.decode())
        else:
            content = spoil_bytes(rng, content or b"x")
        file.write_bytes(content)
    return resume(command, directory)


KINDS: dict[str, Kind] = {
    "command line": command_line,
    "configuration file": config_file,
    ".npz file": npz_file,
    "image folder": image_folder,
    ".keras file": keras_file,
    "result.json": result_json,
    "config.json": config_json,
    "state": state_file,
}
