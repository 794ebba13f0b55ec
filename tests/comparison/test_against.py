"""A saved run is compared with what is trained now, and what has changed since is named."""

import json
import shutil

import jsonschema
import pytest
from comparisons import SCHEMA, SMALL
from programs import in_process, refused

from vgg_keras import compare, train
from vgg_keras.runs.reading import read_result
from vgg_keras.runs.results import Difference

OPTIONS = ["--limit", "80", "--epochs", "2", "--filters", "4", "--quiet"]


def against(run, tmp_path, **options):
    result = compare(**{**SMALL, "against": run, "logdir": tmp_path, "name": "b", **options})
    jsonschema.validate(result.to_dict(), SCHEMA)
    return result


@pytest.fixture
def altered(compared, tmp_path):
    """Makes a copy of the saved comparison with another result."""

    def alter(change):
        shutil.copytree(compared[1], tmp_path / "copy")
        file = tmp_path / "copy" / "result.json"
        result = json.loads(file.read_text())
        change(result)
        file.write_text(json.dumps(result))
        return tmp_path / "copy"

    return alter


@pytest.mark.slow
def test_a_saved_training_is_compared_with_the_same_variant_and_seed(tmp_path, capsys):
    train(**SMALL, trainer="fit", seed=1, logdir=tmp_path, name="a")
    place = ["--logdir", tmp_path, "--name", "b", "--seed", "1"]
    saved = tmp_path / "train" / "a"
    command = ["compare", *OPTIONS, *place, "--against", saved, "--require-identical"]
    assert in_process(*command) == 0
    output = capsys.readouterr().out
    assert output.startswith("Verdict: identical to the last bit.")
    assert f"The saved run is fit of {saved}." in " ".join(output.split())
    assert "Options, packages and machine are the same now.\n" in output
    assert "Seconds an epoch" not in output
    result = json.loads((tmp_path / "compare" / "b" / "result.json").read_text())
    jsonschema.validate(result, SCHEMA)
    assert [(run["trainer"], run["seed"]) for run in result["runs"]] == [("saved", 1), ("fit", 1)]
    assert result["against"] == {"directory": str(saved), "trainer": "fit", "changed": {}}
    page = (tmp_path / "compare" / "b" / "report.html").read_text()
    assert "saved and fit are identical to the last bit after each of 2 epochs." in page
    assert "The saved run" in page
    assert in_process(*command, "--resume") == 0
    assert not (tmp_path / "compare" / "b" / "saved").exists()
    assert read_result(tmp_path / "compare" / "b").model.filters == ((4, 4),)


@pytest.mark.slow
def test_of_a_saved_comparison_the_first_counts_or_the_one_that_is_trained(compared, tmp_path):
    result = against(compared[1], tmp_path, seeds=2, self_check=True)
    places = [(run["trainer"], run["seed"]) for run in result["runs"]]
    assert places == [("saved", 0), ("tape", 0), ("tape", 1), ("saved", 1)]
    assert result["parity"]["verdict"] == result["equivalence"]["verdict"] == "identical"
    assert list(result["self_check"]) == ["tape"]
    again = against(tmp_path / "compare" / "b", tmp_path, name="c")
    assert (again["against"]["trainer"], again["parity"]["verdict"]) == ("tape", "identical")
    other = against(compared[1], tmp_path, name="d", variants=["fit"])
    assert other["against"]["trainer"] == other["runs"][1]["trainer"] == "fit"


@pytest.mark.slow
def test_a_diverging_precision_is_located_in_an_epoch_and_the_final_weights(
    compared, tmp_path, capsys
):
    place = ["--logdir", tmp_path, "--name", "b", "--seeds", "2"]
    options = ["--against", compared[1], "--variants", "fit:bfloat16"]
    assert in_process("compare", *OPTIONS, *place, *options) == 0
    output = capsys.readouterr().out
    result = json.loads((tmp_path / "compare" / "b" / "result.json").read_text())
    assert output.startswith(f"Verdict: {result['equivalence']['verdict']}")
    found = result["parity"]["first_difference"]
    assert (found["epoch"], found["step"], found["stage"]) == (1, None, "epoch")
    assert found["max_abs"] > 0
    assert "Bit by bit: saved and fit:bfloat16 diverge in epoch 1 of seed 0.\n" in output
    assert f"First variable of the final weights: {found['variable']}.\n" in output
    assert result["against"]["changed"] == {
        "--trainer": ["tape", "fit"],
        "--precision": ["float32", "bfloat16"],
    }
    assert "\n--precision: float32 then, bfloat16 now.\n" in output


@pytest.mark.slow
def test_another_machine_and_other_versions_are_named(altered, tmp_path):
    def age(result):
        result["environment"]["packages"]["tensorflow"] = "2.20.0"
        result["environment"]["processor"] = "Z80"
        del result["config"]["save_every"], result["config"]["jit_compile"]  # of another version

    changed = against(altered(age), tmp_path)["against"]["changed"]
    assert changed.keys() == {"tensorflow", "processor"}
    assert changed["tensorflow"][0] == "2.20.0"


@pytest.mark.slow
def test_the_diverging_epoch_is_named_where_final_weights_agree_or_are_gone(altered, tmp_path):
    def diverge(result):
        for run in result["runs"][:2]:  # both of seed 0
            run["digests"][1] = "0" * 64

    copy = altered(diverge)
    assert against(copy, tmp_path).parity.first_difference == Difference(2, None, "epoch")
    (copy / "tape" / "seed-0" / "model.keras").unlink()
    other = against(copy, tmp_path, name="c", filters=[4, 4])
    assert other.parity.first_difference == Difference(1, None, "epoch")
    assert other.against.changed == {"--filters": [[4], [4, 4]]}


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"status": "interrupted"}, [], "--against: expected a run that is finished, received"),
        ({"runs": None}, [], "--against: expected the folder of a run of train or compare"),
        ({}, ["--seeds", "3"], "--seeds: expected seeds of"),
        ({}, ["--limit", "800"], "--against: expected a run with 133 test images, as"),
    ],
    ids=str,
)
def test_a_run_that_cannot_be_compared_with_is_refused(
    altered, tmp_path, capsys, change, options, message
):
    copy, logdir = altered(lambda result: result.update(change)), tmp_path / "logs"
    line = refused(capsys, "compare", *OPTIONS, *options, "--against", copy, "--logdir", logdir)
    assert message in line
    assert not logdir.exists()
