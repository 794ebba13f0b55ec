"""Imports go one way, and public names are lazy."""

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import vgg_keras

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vgg_keras"
LAYERS = [
    {"errors"},
    {"plugins"},
    {"config"},
    {"runtime"},
    {"runs"},
    {"reporting"},
    {"datasets", "models"},
    {"trainers"},
    {"callbacks"},
    {"training"},
    {"benchmarking", "comparison", "diagnosis", "tuning"},
    {"cli"},
    {"__main__"},
]
"""From the lowest to the highest: a package imports itself and lower layers, never a neighbour."""


def imports_of(path):
    """Names of the project's packages that a file imports, at any depth of its code."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("vgg_keras"):
            inner = node.module.split(".")[1:]
            yield from inner[:1] or [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            yield from (name[1] for name in names if name[0] == "vgg_keras" and len(name) > 1)


def test_a_package_imports_only_itself_and_lower_layers():
    checked = 0
    for path in PACKAGE.rglob("*.py"):
        package = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if package == "__init__":
            continue
        level = next(level for level, layer in enumerate(LAYERS) if package in layer)
        allowed = {package, "__version__"}.union(*LAYERS[:level])
        assert set(imports_of(path)) <= allowed, path
        checked += 1
    assert checked > 20


def test_importing_the_package_imports_neither_tensorflow_nor_keras():
    code = "import sys, vgg_keras; print({'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_importing_the_package_changes_nothing_in_the_process():
    code = """if True:
        import gc, os, signal
        def state():
            handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
            return dict(os.environ), gc.get_freeze_count(), gc.get_threshold(), handlers
        before = state()
        import vgg_keras
        assert state() == before
        vgg_keras.load_dataset
        assert state()[1:] == before[1:]
        print(sorted(set(os.environ) - set(before[0])))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not [name for name in ast.literal_eval(done.stdout) if name.startswith("TF_")]


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "set_to"), [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_the_program_turns_onednn_on_if_nothing_else_is_asked_for(asked, set_to):
    code = """if True:
        import gc, os
        from vgg_keras.cli.commands.execution import tensorflow_for
        from vgg_keras.cli.options import parse
        from vgg_keras.config import TrainConfig
        options = parse(["train", "--quiet"])
        with tensorflow_for(options[options.subcommand], TrainConfig(), "Training"):
            print(os.environ["TF_ENABLE_ONEDNN_OPTS"])
        assert gc.isenabled() and gc.get_freeze_count() > 100_000  # what was imported is kept
    """
    others = {key: value for key, value in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**others, **asked}, capture_output=True, text=True
    )
    assert done.stdout.strip() == set_to, done.stderr


def test_completion_and_help_show_the_public_names():
    assert {*vgg_keras.__all__} <= {*dir(vgg_keras)}
    assert {"train", "compare", "search", "evaluate", "predict", "report"} <= {*dir(vgg_keras)}


def test_public_names_are_importable_and_documented():
    for name in vgg_keras.__all__:
        assert getattr(vgg_keras, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'vgg'"):
        _ = vgg_keras.vgg


@pytest.mark.slow
def test_the_wheel_carries_the_data_its_licence_and_the_schemas(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", tmp_path, ROOT], check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "vgg_keras/datasets/mnist.npz",
        "vgg_keras/datasets/MNIST-LICENSE.md",
        "vgg_keras/runs/schemas/compare.json",
        "vgg_keras/reporting/templates/page.html",
        "vgg_keras/reporting/templates/result.html",
        "vgg_keras/py.typed",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "scripts/"))]
