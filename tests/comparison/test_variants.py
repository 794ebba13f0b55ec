"""Any two of the trainers, precisions and XLA are compared, under their own names."""

import json
from types import SimpleNamespace

import jsonschema
import keras
import pytest
from comparisons import SCHEMA, SMALL
from programs import in_process
from trainings import Crash

from vgg_keras import CompareConfig, TrainConfig, compare
from vgg_keras.reporting import words
from vgg_keras.trainers import tape

pytestmark = pytest.mark.slow

FIRST, SECOND = "tape", "tape:bfloat16"
OPTIONS = {"filters": [4, 8], "precision": "float16", "epochs": 2}


@pytest.mark.parametrize(
    ("variant", "changes"),
    [
        ("tape", {}),
        ("fit:bfloat16", {"trainer": "fit", "precision": "bfloat16"}),
        ("fit:jit:float32", {"trainer": "fit", "precision": "float32", "jit_compile": True}),
    ],
)
def test_a_variant_is_trained_with_the_options_that_it_changes(variant, changes):
    config = CompareConfig(**OPTIONS, seeds=3, variants=[variant, "fit"])
    assert config.training(variant, 2) == TrainConfig(**{**OPTIONS, "seed": 2, **changes})


@pytest.fixture(scope="module")
def two_precisions(tmp_path_factory):
    def crashing(*arguments):
        if crashes.pop():
            raise Crash
        return tape.train(*arguments)

    logdir, crashes = tmp_path_factory.mktemp("logs"), [True, *[False] * 5]
    options = {"seeds": 2, "self_check": True, "variants": [FIRST, SECOND]}
    options |= {**SMALL, "epochs": 1, "logdir": logdir, "name": "a"}
    with pytest.raises(Crash):
        compare(**options, trainers={"tape": crashing})
    home = logdir / "compare" / "a"
    kept = json.loads((home / "result.json").read_text())
    assert (len(kept["runs"]), list(kept["self_check"])) == (4, [FIRST])
    models = [*home.rglob("model.keras")]
    written = [path.stat().st_mtime_ns for path in models]
    crashes += [False] * 3
    result = compare(**options, trainers={"tape": crashing}, resume=True)
    assert [run.to_dict() for run in result.runs] == kept["runs"]
    assert [path.stat().st_mtime_ns for path in models] == written
    assert crashes == []  # what was missing was trained, and a replay ran; nothing else
    return result, home


@pytest.mark.slow
def test_two_precisions_are_trained_and_tested_under_their_names(two_precisions):
    result, directory = two_precisions
    jsonschema.validate(result.to_dict(), SCHEMA)
    places = [(run["trainer"], run["seed"]) for run in result["runs"]]
    assert places == [(FIRST, 0), (SECOND, 0), (SECOND, 1), (FIRST, 1)]
    for folder, dtype in (("tape", "float32"), ("tape-bfloat16", "bfloat16")):
        for part in ("seed-0", "seed-1", "self-check"):
            model = keras.models.load_model(directory / folder / part / "model.keras")
            assert model.stack[0].compute_dtype == dtype
    assert all(repeated["repeatable"] for repeated in result["self_check"].values())
    assert list(result["self_check"]) == list(result["equivalence"]["trainers"]) == [FIRST, SECOND]
    assert list(result.equivalence.mcnemar[1].only) == [FIRST, SECOND]
    assert (result.speed.first, result.speed.second) == (FIRST, SECOND)
    found = result["parity"]["first_difference"]
    assert (found["epoch"], found["step"], found["stage"]) == (1, 1, "metrics")


def test_the_report_of_two_precisions_has_their_names(two_precisions):
    result, directory = two_precisions
    page = (directory / "report.html").read_text()
    verdict = words.verdict(result.equivalence)
    assert verdict[1:] in page
    assert "tape and tape:bfloat16 differ by" in verdict
    assert "Under each chart is the difference, tape minus tape:bfloat16." in page
    assert "Seconds an epoch, tape over tape:bfloat16:" in page


@pytest.mark.slow
def test_models_of_self_checks_are_not_evaluated(two_precisions, capsys):
    _, directory = two_precisions
    assert in_process("evaluate", directory, "--json") == 0
    models = json.loads(capsys.readouterr().out)
    assert len(models) == 4
    assert not any("self-check" in path for path in models)
    assert in_process("evaluate", directory / "tape" / "self-check", "--json") == 0


@pytest.mark.slow
def test_with_one_seed_the_verdict_says_what_another_precision_means(tmp_path, capsys):
    place = ["--logdir", tmp_path, "--name", "a", "--require-identical", "--notebook"]
    options = ["--limit", "80", "--epochs", "1", "--filters", "4"]
    assert in_process("compare", *options, *place, "--variants", "fit:float16,tape") == 1
    lines = capsys.readouterr().out.splitlines()
    said = " ".join(lines[lines.index(next(line for line in lines if "Verdict" in line)) :])
    assert said.startswith(
        "Verdict: fit:float16 and tape diverge in epoch 1, step 1 of seed 0, stage metrics. "
        "Another precision does not give the same bits; --seeds 5 tells whether they are "
        "equivalent. First variable: "
    )
    assert "Seconds an epoch, fit:float16 over tape, run one after the other:" in said
    until = lines.index(f"Saved in {tmp_path / 'compare' / 'a'}")
    tables = [line for line in lines[:until] if "step - " not in line and "에" not in line]
    assert max(map(len, tables)) <= 80


def meaning(first, second, **config):
    config = {"precision": "float32", "jit_compile": False, **config}
    result = SimpleNamespace(equivalence=None, against=None, names=[first, second], config=config)
    return words.meaning(result)


def test_only_different_arithmetic_excuses_different_bits():
    assert meaning("tape", "fit") == meaning("tape", "fit:float32") == []
    assert meaning("tape:bfloat16", "fit", precision="bfloat16") == []
    assert meaning("tape", "fit:jit")[0].startswith("XLA does not give the same bits;")
    assert meaning("tape", "fit:jit", jit_compile=True) == []
