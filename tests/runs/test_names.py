"""A run may have any name that the system allows, in a folder of any name."""

import json

import pytest
import searches
from programs import in_process, refused

pytestmark = pytest.mark.slow

NAMES = ["{a} {0} %s [b] * ? :x:", "é ü 中 {", "n" * 255]
TRAINING = ["--limit", "80", "--epochs", "1", "--filters", "4"]


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_search_of_any_name_is_run_and_gone_on_with(tmp_path, scripted, name):
    home = tmp_path / "{logs} [1] * %d"
    searches.run(home, name, trials=2)
    resumed = searches.run(home, name, resume=True)
    assert [trial.status for trial in resumed.trials] == ["completed"] * 3
    assert (home / "search" / name / "best.keras").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["train", "compare"])
def test_a_training_of_any_name_is_run_gone_on_with_and_evaluated(tmp_path, capsys, command):
    name, home = NAMES[0], tmp_path / "{logs} [1] * %d"
    place = ["--name", name, "--logdir", home, "--quiet"]
    assert in_process(command, *TRAINING, *place) == 0
    assert in_process(command, *TRAINING, *place, "--resume") == 0
    assert in_process("evaluate", home / command / name) == 0
    assert "[b]" in "".join(capsys.readouterr().out.split())
    result = json.loads((home / command / name / "result.json").read_text())
    assert result["status"] == "finished"


def test_a_name_that_is_too_long_for_the_system_is_refused(tmp_path, capsys):
    line = refused(capsys, "train", *TRAINING, "--name", "é" * 128, "--logdir", tmp_path / "logs")
    assert "--name: expected a name that is short enough" in line
