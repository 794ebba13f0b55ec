"""Who reaches a chief, and whose calls it takes."""

import copy
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from callers import GARBAGE, Caller
from keras_tuner.src import protos
from programs import refused
from searches import run, small_oracle

from vgg_keras.errors import InputError
from vgg_keras.runtime.compat import serve_oracle
from vgg_keras.tuning.chief import Address, Chief, check_chief, open_channel
from vgg_keras.tuning.environment import VARIABLES
from vgg_keras.tuning.identity import make_identity, read_identity

PROXIES = ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy")


@contextmanager
def serving(tmp_path, **changes):
    """Serves a small search named b; gives its chief."""
    home = tmp_path / "other" / "search" / "b"
    home.mkdir(parents=True)
    oracle = small_oracle(home, **changes)
    chief = Chief(oracle, None)
    chief.oracle = oracle
    chief.workers.identity = make_identity(home)
    with chief.serving():
        yield chief


def contents(home):
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.fixture
def behind_a_proxy(monkeypatch):
    for name in PROXIES:
        for spelled in (name, name.upper()):
            monkeypatch.setenv(spelled, "http://127.0.0.1:9")
    for name in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_proxy_of_the_environment_is_not_asked_for_a_chief(tmp_path, behind_a_proxy):
    with serving(tmp_path) as chief:
        check_chief(chief.address, chief.workers.identity)


@pytest.mark.slow
def test_behind_a_proxy_and_with_variables_of_keras_tuner_workers_reach_their_chief(
    tmp_path, behind_a_proxy, monkeypatch
):
    for name, value in zip(VARIABLES, ("left-over", "127.0.0.1", "9"), strict=True):
        monkeypatch.setenv(name, value)
    result = run(tmp_path, trials=2, workers=2)
    assert [trial.status for trial in result.trials] == ["completed"] * 2


LEFT_OVER = [
    {"KERASTUNER_TUNER_ID": "worker", "KERASTUNER_ORACLE_IP": "127.0.0.1"},
    {"KERASTUNER_TUNER_ID": "chief", "KERASTUNER_ORACLE_IP": "127.0.0.1"},
    {"KERASTUNER_ORACLE_IP": "127.0.0.1"},
]


@pytest.mark.parametrize("variables", LEFT_OVER)
@pytest.mark.parametrize("port", ["9", None])
def test_variables_of_keras_tuner_that_are_left_over_change_no_search(
    tmp_path, scripted, monkeypatch, variables, port
):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**variables, **({"KERASTUNER_ORACLE_PORT": port} if port else {})}.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    result = run(tmp_path, trials=1)
    assert [trial.status for trial in result.trials] == ["completed"]
    assert dict(os.environ) == before


def test_a_worker_that_is_given_the_chief_of_another_search_is_refused_and_writes_nothing(
    tmp_path, scripted, capsys
):
    run(tmp_path, trials=1)
    home = tmp_path / "search" / "a"
    make_identity(home)
    config = home / "config.json"
    with serving(tmp_path) as chief:
        before = contents(tmp_path)
        line = refused(capsys, "search", "--config", config, "--join", chief.address, "--quiet")
        assert f"received that of another search at {chief.address}" in line
        assert contents(tmp_path) == before
        check_chief(chief.address, chief.workers.identity)


def test_a_search_that_no_chief_has_served_is_not_joined(tmp_path, scripted, capsys):
    run(tmp_path, trials=1)
    config = tmp_path / "search" / "a" / "config.json"
    line = refused(capsys, "search", "--config", config, "--join", "127.0.0.1:1", "--quiet")
    assert "--join: expected the search of a chief" in line


def test_a_chief_of_keras_tuner_itself_is_refused(tmp_path):
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    serve_oracle(small_oracle(tmp_path), server)
    server.start()
    try:
        with pytest.raises(InputError, match="join: expected the chief of the search of"):
            check_chief(Address("127.0.0.1", port), "a")
    finally:
        server.stop(0).wait()


def test_the_identity_of_a_search_stays_and_is_another_for_its_copy(tmp_path):
    homes = [tmp_path / name / "search" / "a" for name in ("first", "second")]
    for home in homes:
        home.mkdir(parents=True)
    first, second = map(make_identity, homes)
    assert first != second
    assert read_identity(homes[0]) == make_identity(homes[0]) == first
    copy = homes[0].rename(homes[0].with_name("b"))
    assert json.loads((copy / "tuner" / "identity.json").read_text())["id"]
    assert read_identity(copy) != first


def trial_of(oracle, name="0", status="COMPLETED", **changes):
    trial = oracle.trials[name].to_proto() if name in oracle.trials else protos.get_proto().Trial()
    trial.trial_id, trial.status = name, protos.get_proto().TrialStatus.Value(status)
    for field, value in changes.items():
        trial.hyperparameters.values.values[field].int_value = value
    return trial


def states(oracle):
    return {name: trial.get_state() for name, trial in oracle.trials.items()}, oracle.end_order


@pytest.mark.parametrize(("method", "fields"), GARBAGE.values(), ids=GARBAGE)
def test_garbage_that_a_chief_is_sent_is_refused_and_changes_nothing(served, method, fields):
    oracle, call = served
    before = copy.deepcopy(states(oracle))
    with pytest.raises(grpc.RpcError):
        call(method, **fields)
    assert states(oracle) == before
    assert call("GetTrial", trial_id="1").trial.trial_id == "1"


@pytest.fixture
def served(tmp_path):
    """An oracle of three trials, of which the first was completed and the second runs."""
    with serving(tmp_path) as chief, open_channel(chief.address, chief.workers.identity) as channel:
        call = Caller(channel)
        call("CreateTrial", tuner_id="worker")
        call("UpdateTrial", trial_id="0", metrics={"val_accuracy": 0.5})
        call("EndTrial", trial=trial_of(chief.oracle))
        call("CreateTrial", tuner_id="worker")
        yield chief.oracle, call


def test_a_trial_that_has_ended_stays_as_it_is(served):
    oracle, call = served
    before = copy.deepcopy(states(oracle))
    call("UpdateTrial", trial_id="0", metrics={"val_accuracy": 1.0})
    call("EndTrial", trial=trial_of(oracle, status="FAILED"))
    assert states(oracle) == before


@pytest.mark.parametrize("status", ["COMPLETED", "RUNNING", "IDLE", "STOPPED", "UNKNOWN"])
def test_a_trial_that_runs_ends_in_no_way_that_it_cannot(served, status):
    oracle, call = served
    before = copy.deepcopy(states(oracle))
    with pytest.raises(grpc.RpcError):
        call("EndTrial", trial=trial_of(oracle, "1", status))
    with pytest.raises(grpc.RpcError):
        call("EndTrial", trial=trial_of(oracle, "1", filters_1=4096))
    assert states(oracle) == before
    call("UpdateTrial", trial_id="1", metrics={"val_accuracy": 0.25})
    call("EndTrial", trial=trial_of(oracle, "1"))
    assert [trial.score for trial in oracle.trials.values()] == [0.5, 0.25]


def test_who_does_not_name_the_search_is_refused(tmp_path):
    with serving(tmp_path) as chief, grpc.insecure_channel(str(chief.address)) as channel:
        with pytest.raises(grpc.RpcError, match="it is the chief of another search"):
            Caller(channel)("CreateTrial", tuner_id="a")
        assert chief.oracle.trials == {}
