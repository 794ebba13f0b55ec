"""The Korean notebook runs from top to bottom, and its figures are what its text says."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

NOTEBOOK = Path(__file__).parents[1] / "scripts" / "notebooks" / "vgg16_mnist.ipynb"
CONTROL_CHARACTERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
HEADING = re.compile(r"#+ .*[가-힣].*\n\n\*[A-Z][^가-힣]*\*(\n|$)")

WITHOUT_NETWORK = """
import keras
import numpy as np
from vgg_keras.datasets.load import MNIST

with np.load(MNIST) as mnist:
    arrays = [mnist[name] for name in ("x_train", "y_train", "x_test", "y_test")]
keras.datasets.mnist.load_data = lambda: (tuple(arrays[:2]), tuple(arrays[2:]))
"""
FIGURES = """
import json

exercises = (first, second, third)
json.dumps({
    "printed": printed["accuracy"],
    "of_each_epoch": list(of_each_epoch(printed["accuracy"])),
    "means": [np.mean(losses), np.average(losses, weights=sizes)],
    "unweighted": unweighted.parity.first_difference.to_dict(),
    "verdict": result.verdict,
    "epochs": result.parity.epochs_compared,
    "cumulative": mine.cumulative["accuracy"],
    "history": mine.history["accuracy"],
    "trials": len(found.trials),
    "exercises": [
        [result.cause, result.location, [c.cause for c in result.other_causes]]
        for result in exercises
    ],
})
"""


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def ran(made_once):
    """The notebook after a quick run, and the figures that it has at its end."""
    notebook = nbformat.read(made_once("notebook", execute) / "ran.ipynb", as_version=4)
    (figures,) = notebook.cells.pop().outputs
    return notebook, json.loads(figures.data["text/plain"].strip("'"))


def execute(home):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (switch,) = [cell for cell in notebook.cells if cell.source.startswith("QUICK = False\n")]
    switch.source = switch.source.replace("False", "True", 1).replace("1200", "600", 1)
    notebook.cells.insert(0, new_code_cell(WITHOUT_NETWORK))
    notebook.cells.append(new_code_cell(FIGURES))
    folder = {"metadata": {"path": str(home)}}
    NotebookClient(notebook, timeout=300, resources=folder, coalesce_streams=True).execute()
    nbformat.write(notebook, home / "ran.ipynb")


def streams_of(notebook):
    for cell in notebook.cells:
        yield from (o.text for o in cell.get("outputs", ()) if o.output_type == "stream")


@pytest.mark.slow
def test_its_metrics_lag_because_they_are_never_reset(ran):
    _, figures = ran
    assert figures["of_each_epoch"][0] == pytest.approx(figures["printed"][0])
    assert figures["of_each_epoch"][1] > figures["printed"][1] + 0.01
    assert sum(figures["history"]) / 2 == pytest.approx(figures["cumulative"][1])


@pytest.mark.slow
def test_the_short_last_batch_is_why_its_loss_is_not_that_of_fit(ran):
    _, figures = ran
    assert figures["means"][0] != pytest.approx(figures["means"][1], rel=1e-3)
    place = figures["unweighted"]
    assert (place["step"], place["stage"], place["variable"]) == (38, "metrics", "loss")


@pytest.mark.slow
def test_with_metrics_that_are_reset_and_weighted_its_loop_and_fit_are_identical(ran):
    notebook, figures = ran
    assert (figures["verdict"], figures["epochs"]) == ("identical", 2)
    (shown,) = [cell.outputs[0].data for cell in notebook.cells if cell.source == "result"]
    assert "mine and fit are identical to the last bit" in shown["text/html"]


@pytest.mark.slow
def test_diagnose_names_the_fault_of_each_exercise_and_its_line(ran):
    notebook, figures = ran
    sources = {c.get("execution_count"): c.source.splitlines() for c in notebook.cells}
    found = []
    for cause, location, others in figures["exercises"]:
        cell, line = re.fullmatch(r"In\[(\d+)\]:(\d+)", location).groups()
        found.append((cause, sources[int(cell)][int(line) - 1].strip(), others))
    assert found == [
        ("training-flag", "predictions = model(images)", []),
        (
            "optimizer-recreated",
            "optimizer.apply_gradients(zip(gradients, model.trainable_variables))",
            [],
        ),
        ("metric-not-reset", "accuracy(labels, predictions)", []),
    ]


@pytest.mark.slow
def test_it_searches_and_what_it_prints_is_short_and_clean(ran):
    notebook, figures = ran
    assert figures["trials"] == 3
    text = "".join(streams_of(notebook))
    assert not CONTROL_CHARACTERS.search(text)
    assert len(text.splitlines()) < 120


def test_each_korean_heading_has_one_line_of_english(committed):
    headings = [c.source for c in committed.cells if c.source.startswith("#")]
    assert len(headings) > 15
    for heading in headings:
        assert HEADING.match(heading), heading


def test_the_committed_file_has_outputs_with_pictures_and_is_below_1_mb(committed):
    assert NOTEBOOK.stat().st_size < 1_000_000
    code = [cell for cell in committed.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    assert len([output for output in outputs if "image/png" in output.get("data", {})]) == 3
    assert not [output for output in outputs if output.output_type == "error"]
    assert not CONTROL_CHARACTERS.search("".join(streams_of(committed)))
