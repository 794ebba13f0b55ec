"""A search killed at any moment goes on, and ends as if it had not been."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from programs import in_process
from searches import outcome, run, undisturbed_outcome

from vgg_keras.errors import InputError
from vgg_keras.training.training import Training


@pytest.fixture
def undisturbed(scripted):
    """Gives the outcome of a search with these options that nothing disturbs."""
    return undisturbed_outcome


@pytest.mark.slow
def test_a_finished_search_can_have_more_trials(tmp_path, undisturbed):
    run(tmp_path, trials=1)
    resumed = run(tmp_path, resume=True)
    assert outcome(resumed) == undisturbed()
    model = tmp_path / "search" / "a" / "best.keras"
    before = model.stat().st_mtime_ns
    assert run(tmp_path, resume=True) == resumed
    assert model.stat().st_mtime_ns == before


@pytest.mark.slow
def test_an_algorithm_that_learns_goes_on_where_it_was(tmp_path, undisturbed):
    pytest.importorskip("sklearn")
    run(tmp_path, algorithm="bayesian", trials=4)
    resumed = run(tmp_path, algorithm="bayesian", trials=6, resume=True)
    assert outcome(resumed) == undisturbed(algorithm="bayesian", trials=6)


@pytest.mark.slow
def test_hyperband_runs_the_trial_again_in_which_it_was_killed(tmp_path, undisturbed, monkeypatch):
    options = {"algorithm": "hyperband", "trials": 5, "epochs": 3}
    whole = undisturbed(**options)
    scripted_run, seen = Training.run, []

    def interrupted_run(self, *arguments, **options):
        seen.append(1)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return scripted_run(self, *arguments, **options)

    monkeypatch.setattr(Training, "run", interrupted_run)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, **options)
    assert outcome(run(tmp_path, **options, resume=True)) == whole


@pytest.mark.slow
def test_the_best_design_can_be_trained_for_longer_on_the_whole_data_set(
    tmp_path, scripted, mnist, capsys
):
    path = tmp_path / "few.npz"
    few = mnist.first(300)
    np.savez(path, x_train=few.x_train, y_train=few.y_train, x_test=few.x_test, y_test=few.y_test)
    short = run(tmp_path, trials=1, dataset=str(path))
    longer = run(tmp_path, trials=1, dataset=str(path), resume=True, retrain_epochs=2)
    assert short["best"]["test"]["total"] == 33
    assert longer["best"]["test"]["total"] == 50
    assert in_process("evaluate", tmp_path / "search" / "a", "--json") == 0
    (evaluated,) = json.loads(capsys.readouterr().out).values()
    assert evaluated == longer["best"]["test"].to_dict()
    assert longer["trials"] == short["trials"]


@pytest.mark.slow
def test_another_space_cannot_be_resumed(tmp_path, scripted):
    run(tmp_path, trials=1)
    before = (tmp_path / "search" / "a" / "result.json").read_bytes()
    with pytest.raises(InputError, match=r"filters_choices: expected \[2, 4, 6\], as when"):
        run(tmp_path, resume=True, filters_choices=[2, 4])
    with pytest.raises(InputError, match="resume: expected a run in"):
        run(tmp_path, "none", resume=True)
    assert (tmp_path / "search" / "a" / "result.json").read_bytes() == before


def disturbed_states(tmp_path):
    """States that a kill between two of KerasTuner's writes leaves behind."""
    tuner = tmp_path / "search" / "a" / "tuner"
    oracle = json.loads((tuner / "oracle.json").read_text())
    yield "ended, but still ongoing for the oracle", {**oracle, "ongoing_trials": {"tuner0": "2"}}
    yield "ended, but not for the oracle", {**oracle, "end_order": oracle["end_order"][:-1]}


@pytest.mark.slow
def test_a_kill_between_two_writes_loses_no_trial_and_repeats_none(tmp_path, scripted):
    whole = run(tmp_path)
    tuner = tmp_path / "search" / "a" / "tuner"
    result = tmp_path / "search" / "a" / "result.json"
    for name, state in list(disturbed_states(tmp_path)):
        result.write_text(json.dumps({**whole.to_dict(), "status": "running"}))
        (tuner / "oracle.json").write_text(json.dumps(state))
        written = [path.stat().st_mtime_ns for path in sorted(tuner.glob("trial_*/record.json"))]
        assert len(written) == 3
        assert outcome(run(tmp_path, resume=True)) == outcome(whole), name
        after = [path.stat().st_mtime_ns for path in sorted(tuner.glob("trial_*/record.json"))]
        assert after == written, name


@pytest.mark.slow
def test_damaged_state_files_do_not_end_the_search(tmp_path, undisturbed):
    run(tmp_path, trials=2)
    tuner = tmp_path / "search" / "a" / "tuner"
    for file in ("oracle.json", "trial_1/record.json"):
        (tuner / file).write_bytes((tuner / file).read_bytes()[:100])
    for file in ("tuner0.json", "trial_1/trial.json"):
        (tuner / file).unlink()
    assert outcome(run(tmp_path, resume=True)) == undisturbed()


def test_a_state_file_whose_copy_is_damaged_too_is_named(tmp_path, scripted):
    run(tmp_path, trials=1)
    tuner = tmp_path / "search" / "a" / "tuner"
    for name in ("oracle.json", ".oracle.json.copy"):
        (tuner / name).write_text("{")
    with pytest.raises(InputError, match=r"oracle\.json: expected it or its copy as"):
        run(tmp_path, trials=2, resume=True)


@pytest.mark.slow
def test_killed_before_it_wrote_anything_a_search_can_be_resumed(tmp_path, scripted):
    (tmp_path / "search" / "a").mkdir(parents=True)
    assert len(run(tmp_path, trials=2, resume=True)["trials"]) == 2


@pytest.mark.slow
def test_two_processes_cannot_go_on_with_one_search(tmp_path, scripted):
    run(tmp_path, trials=1)
    home = tmp_path / "search" / "a"
    before = (home / "result.json").read_bytes()
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom vgg_keras.runs.directory import acquire\n"
        "lock = acquire(Path(sys.argv[1]))\nprint('held', flush=True)\ntime.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", code, home], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=f"which is held by process {other.pid} on"):
            run(tmp_path, trials=2, resume=True)
        assert (home / "result.json").read_bytes() == before
        other.kill()
        other.wait()
        assert len(run(tmp_path, trials=2, resume=True)["trials"]) == 2


@pytest.mark.slow
def test_a_trial_unknown_to_the_oracle_is_started_again(tmp_path, scripted):
    whole = run(tmp_path)
    tuner = tmp_path / "search" / "a" / "tuner"
    early = run(tmp_path, "b", trials=2)
    assert len(early["trials"]) == 2
    other = tmp_path / "search" / "b" / "tuner"
    (other / "trial_2").mkdir()
    orphan = json.loads((tuner / "trial_2" / "trial.json").read_text())
    (other / "trial_2" / "trial.json").write_text(json.dumps({**orphan, "status": "RUNNING"}))
    assert outcome(run(tmp_path, "b", trials=3, resume=True))[0] == outcome(whole)[0]


@pytest.mark.parametrize("lost", ["trial_0", "trial_0/*record.json*", "trial_0/*trial.json*"])
def test_a_trial_whose_files_and_copies_are_lost_is_named(tmp_path, scripted, lost):
    run(tmp_path, trials=1)
    home = tmp_path / "search" / "a"
    for path in [*home.glob(f"tuner/{lost}")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = (home / "result.json").read_bytes()
    with pytest.raises(InputError, match=r"trial_0/\w+\.json: expected it or its copy as it was"):
        run(tmp_path, trials=2, resume=True)
    assert (home / "result.json").read_bytes() == before


@pytest.mark.slow
def test_a_file_in_place_of_the_folder_of_a_trial_makes_way(tmp_path, scripted):
    run(tmp_path, trials=1)
    (tmp_path / "search" / "a" / "trial-1").write_text("{}")
    resumed = run(tmp_path, trials=2, resume=True)
    assert [trial.status for trial in resumed.trials] == ["completed"] * 2


def test_a_search_whose_state_is_lost_is_not_begun_again_over_its_trials(tmp_path, scripted):
    run(tmp_path, trials=1)
    tuner = tmp_path / "search" / "a" / "tuner"
    for path in (tuner / "oracle.json", tuner / ".oracle.json.copy"):
        path.unlink()
    with pytest.raises(InputError, match=r"oracle\.json: expected it or its copy"):
        run(tmp_path, trials=2, resume=True)
