"""Files of a run are written whole, in place of what has their name, and through no link."""

import os
import subprocess
import sys

import pytest
from helpers import tiny_vgg

from vgg_keras import SearchConfig
from vgg_keras.callbacks.events import cut_events
from vgg_keras.errors import InputError
from vgg_keras.runs.directory import acquire, find_run_directory
from vgg_keras.runs.files import remove_unfinished, write_json, writing_whole
from vgg_keras.training.run import save_model
from vgg_keras.training.state_files import load_state, save_state


@pytest.fixture
def precious(tmp_path):
    """A file elsewhere that must stay as it is."""
    path = tmp_path / "precious"
    path.write_text("precious")
    yield path
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("result.json", lambda home: write_json(home / "result.json", {"a": 1})),
        ("state.npz", lambda home: save_state(home, {"a": 1})),
        ("model.keras", lambda home: save_model(tiny_vgg(), home / "model.keras")),
        (".holder", lambda home: acquire(home).release()),
    ],
)
def test_a_link_that_has_the_name_of_a_file_is_replaced_and_not_followed(
    tmp_path, precious, name, write
):
    home = tmp_path / "home"
    home.mkdir()
    for link in (name, f".{name}.new", f"{name}.new"):
        (home / link).symlink_to(precious)
    write(home)
    assert not (home / name).is_symlink()
    assert (home / name).stat().st_size > 0


def test_a_lock_is_not_taken_through_a_link(tmp_path, precious):
    (tmp_path / ".lock").symlink_to(precious)
    with pytest.raises(OSError, match=r"\.lock"):
        acquire(tmp_path)


def test_an_event_file_is_not_cut_through_a_link(tmp_path, precious):
    link = tmp_path / "events.out.tfevents.1"
    link.symlink_to(precious)
    with pytest.raises(InputError, match=r"tfevents\.1: expected a file, received a symbolic link"):
        cut_events(tmp_path, {link.name: 2})
    cut_events(tmp_path, {})
    assert not link.is_symlink()


def test_a_run_that_would_write_into_a_folder_elsewhere_is_refused(tmp_path):
    home, elsewhere = tmp_path / "search" / "a", tmp_path / "elsewhere"
    (home / "tuner").mkdir(parents=True)
    elsewhere.mkdir()
    (home / "tuner" / "trial_0").symlink_to(elsewhere)
    with pytest.raises(InputError, match=r"trial_0: expected a folder of the run, received a symb"):
        find_run_directory(SearchConfig(logdir=str(tmp_path), name="a"), "search", [])
    (home / "tuner" / "trial_0").unlink()
    assert find_run_directory(SearchConfig(logdir=str(tmp_path), name="a"), "search", []) == home


def test_a_file_that_could_not_be_written_leaves_the_one_before_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    before = path.read_bytes()
    with pytest.raises(TypeError), writing_whole(path) as file:
        file.write("no bytes")
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.json"]


def test_what_a_killed_process_had_begun_to_write_is_removed(tmp_path):
    (tmp_path / "seed-0").mkdir()
    code = (
        "import os, sys; from pathlib import Path; from vgg_keras.runs.files import writing_whole\n"
        "with writing_whole(Path(sys.argv[1])): os._exit(9)"
    )
    arguments = [sys.executable, "-c", code, tmp_path / "seed-0" / "state.npz"]
    assert subprocess.run(arguments).returncode == 9
    assert [*(tmp_path / "seed-0").iterdir()]
    remove_unfinished(tmp_path)
    assert [*(tmp_path / "seed-0").iterdir()] == []


def test_a_file_can_be_read_by_those_who_can_read_others_of_the_user(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    (tmp_path / "b.json").write_text("{}")
    assert (tmp_path / "a.json").stat().st_mode == (tmp_path / "b.json").stat().st_mode


def test_a_damaged_state_behind_a_link_is_no_state(tmp_path, precious):
    (tmp_path / "state.npz").symlink_to(precious)
    save_state(tmp_path, {"a": 1})
    save_state(tmp_path, {"a": 2})
    assert load_state(tmp_path) == {"a": 2}
