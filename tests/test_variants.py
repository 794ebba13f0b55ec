"""Any two of the trainers, precisions and XLA are compared, under their own names."""

import json

import jsonschema
import keras
import plot_curves
import pytest
from comparisons import SCHEMA, SMALL
from programs import in_process
from trainings import Crash

from vgg_keras import CompareConfig, TrainConfig, compare
from vgg_keras.config.lists import FilterCounts, Variants
from vgg_keras.reporting import words
from vgg_keras.trainers import TRAINERS

FIRST, SECOND = "tape", "tape:bfloat16"
OPTIONS = {"filters": FilterCounts([4, 8]), "precision": "float16", "epochs": 2}


@pytest.mark.parametrize(
    ("variant", "changes"),
    [
        ("tape", {}),
        ("fit:bfloat16", {"trainer": "fit", "precision": "bfloat16"}),
        ("fit:jit:float32", {"trainer": "fit", "precision": "float32", "jit_compile": True}),
    ],
)
def test_a_variant_is_trained_with_the_options_that_it_changes(variant, changes):
    config = CompareConfig(**OPTIONS, seeds=3, variants=Variants([variant, "fit"]))
    assert config.training(variant, 2) == TrainConfig(**{**OPTIONS, "seed": 2, **changes})


@pytest.fixture(scope="module")
def two_precisions(tmp_path_factory):
    def crashing(*arguments):
        if crashes.pop():
            raise Crash
        return TRAINERS["tape"](*arguments)

    logdir, crashes = tmp_path_factory.mktemp("logs"), [True, *[False] * 5]
    options = {"seeds": 2, "self_check": True, "variants": Variants([FIRST, SECOND])}
    config = CompareConfig(**{**SMALL, "epochs": 1}, **options, logdir=str(logdir), name="a")
    with pytest.raises(Crash):
        compare(config, trainers={"tape": crashing})
    home = logdir / "compare" / "a"
    kept = json.loads((home / "result.json").read_text())
    assert (len(kept["runs"]), list(kept["self_check"])) == (4, [FIRST])
    models = [*home.rglob("model.keras")]
    written = [path.stat().st_mtime_ns for path in models]
    result = compare(config, resume=True)
    assert result["runs"] == kept["runs"]
    assert [path.stat().st_mtime_ns for path in models] == written
    return result, home


def test_two_precisions_are_trained_tested_and_told_apart_by_name(two_precisions):
    result, directory = two_precisions
    jsonschema.validate(json.loads(json.dumps(result)), SCHEMA)
    places = [(run["trainer"], run["seed"]) for run in result["runs"]]
    assert places == [(FIRST, 0), (SECOND, 0), (SECOND, 1), (FIRST, 1)]
    for folder, dtype in (("tape", "float32"), ("tape-bfloat16", "bfloat16")):
        for part in ("seed-0", "seed-1", "self-check"):
            model = keras.models.load_model(directory / folder / part / "model.keras")
            assert model.stack[0].compute_dtype == dtype
    assert all(repeated["repeatable"] for repeated in result["self_check"].values())
    assert list(result["self_check"]) == list(result["equivalence"]["trainers"]) == [FIRST, SECOND]
    assert result["equivalence"]["mcnemar"][1].keys() == {
        *("seed", f"only_{FIRST}", f"only_{SECOND}", "p")
    }
    assert set(result["speed"]) == {f"{FIRST}_over_{SECOND}", "interval", "method"}
    found = result["parity"]["first_difference"]
    assert (found["epoch"], found["step"], found["stage"]) == (1, 1, "metrics")


def test_the_report_of_two_precisions_has_their_names(two_precisions):
    result, directory = two_precisions
    page = (directory / "report.html").read_text()
    told = words.verdict(result["equivalence"])
    assert told[1:] in page
    assert "tape and tape:bfloat16 differ by" in told
    assert "Under each pair of curves is their difference, tape minus tape:bfloat16." in page
    assert "Seconds an epoch, tape over tape:bfloat16:" in page


def test_models_of_self_checks_are_not_evaluated(two_precisions, capsys):
    _, directory = two_precisions
    assert in_process("evaluate", directory, "--json") == 0
    models = json.loads(capsys.readouterr().out)
    assert len(models) == 4
    assert not any("self-check" in path for path in models)
    assert in_process("evaluate", directory / "tape" / "self-check", "--json") == 0


def test_the_curves_of_two_precisions_are_drawn(two_precisions, tmp_path):
    plot_curves.main(two_precisions[1], tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").stat().st_size > 10_000


def test_with_one_seed_it_is_told_what_another_precision_means(tmp_path, capsys):
    place = ["--logdir", tmp_path, "--name", "a", "--require-identical", "--notebook"]
    options = ["--limit", "80", "--epochs", "1", "--filters", "4"]
    assert in_process("compare", *options, *place, "--variants", "fit:float16,tape") == 1
    lines = capsys.readouterr().out.splitlines()
    told = " ".join(lines[lines.index(next(line for line in lines if "Verdict" in line)) :])
    assert told.startswith(
        "Verdict: fit:float16 and tape part in epoch 1, step 1 of seed 0, stage metrics. "
        "Another precision does not give the same bits; --seeds 5 tells whether they are "
        "equivalent. First variable: "
    )
    assert "Seconds an epoch, fit:float16 over tape, run one after the other:" in told
    tables = [line for line in lines[:-1] if "step - " not in line and "에" not in line]
    assert max(map(len, tables)) <= 80


def part(first, second, **config):
    runs = [{"trainer": first}, {"trainer": second}]
    config = {"precision": "float32", "jit_compile": False, **config}
    return words.meaning({"equivalence": None, "runs": runs, "config": config})


def test_only_other_arithmetic_excuses_other_bits():
    assert part("tape", "fit") == part("tape", "fit:float32") == []
    assert part("tape:bfloat16", "fit", precision="bfloat16") == []
    assert part("tape", "fit:jit")[0].startswith("XLA does not give the same bits;")
    assert part("tape", "fit:jit", jit_compile=True) == []
