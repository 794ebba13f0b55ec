"""A search with worker processes gives what one without them gives."""

import json
import subprocess
import sys

import pytest
from searches import run


@pytest.mark.slow
def test_workers_run_the_trials_of_a_serial_search(searched, tmp_path):
    serial = searched[0]
    result = run(tmp_path, trainer="fit", trials=4, workers=2)
    assert [trial["values"] for trial in result["trials"]] == [
        trial["values"] for trial in serial["trials"]
    ]
    assert [trial["seeds"] for trial in result["trials"]] == [
        trial["seeds"] for trial in serial["trials"]
    ]
    assert result["best"]["score"] == max(trial["score"] for trial in result["trials"])
    assert result["config"]["workers"] == 2


SCRIPT = """
import sys
with open(sys.argv[1], "a") as file:
    file.write("executed\\n")
import vgg_keras
found = vgg_keras.search(
    workers=2, trials=2, limit=200, epochs=1, convolutions_choices=[1], filters_choices=[2, 4],
    dense_choices=[8], logdir=sys.argv[2], name="a", verbose=0,
)
print(found.status)
"""


@pytest.mark.slow
def test_a_script_that_does_not_ask_whether_it_is_main_runs_once_only(tmp_path):
    script, executions = tmp_path / "script.py", tmp_path / "executions"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, script, executions, tmp_path], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "finished\n"
    assert executions.read_text() == "executed\n"
    result = json.loads((tmp_path / "search" / "a" / "result.json").read_text())
    assert [trial["status"] for trial in result["trials"]] == ["completed"] * 2
    assert result["config"]["workers"] == 2
