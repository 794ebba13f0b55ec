"""Matplotlib draws alike whatever it is set to, and keeps its settings."""

import os
import subprocess
import sys

import matplotlib
import pytest

from vgg_keras.runtime.drawing import own_style

ODD = {"lines.linewidth": 30.0, "text.usetex": True, "figure.dpi": 10.0, "axes.facecolor": "black"}


def test_the_users_style_is_neither_used_nor_lost():
    with matplotlib.rc_context(ODD):
        with own_style({"font.size": 3.0}):
            assert matplotlib.rcParams["font.size"] == 3
            assert matplotlib.rcParams["lines.linewidth"] == 1.5
            assert not matplotlib.rcParams["text.usetex"]
        assert {name: matplotlib.rcParams[name] for name in ODD} == ODD


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "chosen", "name"), [("nonsense", "agg", "train"), ("pdf", "pdf", "report")]
)
def test_a_backend_of_matplotlib_that_is_not_installed_is_passed_over(backend, chosen, name):
    code = (
        f"import vgg_keras\nvgg_keras.{name}\nimport os, matplotlib\n"
        "print(os.environ['MPLBACKEND'], matplotlib.get_backend())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MPLBACKEND": backend, "DISPLAY": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.lower() == f"{backend} {chosen}\n"
