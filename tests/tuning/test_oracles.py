"""The oracle and its chief, without any training: who gets which trial, and when it is over."""

from contextlib import nullcontext

import pytest
from searches import small_oracle

from vgg_keras.errors import InconclusiveError
from vgg_keras.runtime.signals import StopRequest
from vgg_keras.tuning import chief, parallel
from vgg_keras.tuning.records import Record


@pytest.fixture
def oracle(tmp_path):
    return small_oracle(tmp_path, trials=2)


def end(oracle, trial, score):
    trial.status = "COMPLETED"
    oracle.update_trial(trial.trial_id, {"val_accuracy": score})
    oracle.end_trial(trial)


def test_a_trial_in_which_its_worker_dies_again_and_again_is_given_up(oracle):
    first = oracle.create_trial("a")
    for _ in range(2):
        assert oracle.create_trial("a").trial_id == first.trial_id
    second = oracle.create_trial("a")
    assert second.trial_id != first.trial_id
    failed = oracle.trials[first.trial_id]
    assert failed.status == "FAILED"
    assert "3 times its worker died" in Record.load(oracle.directory_of(failed)).reason


def test_the_trial_of_a_lost_worker_goes_to_another_and_counts_once(oracle):
    lost = oracle.create_trial("lost")
    other = oracle.create_trial("other")
    end(oracle, other, 0.5)
    assert oracle.create_trial("other").status == "IDLE"
    oracle.give_back("lost")
    again = oracle.create_trial("other")
    assert again.trial_id == lost.trial_id
    end(oracle, again, 0.25)
    end(oracle, lost, 0.25)
    assert oracle.end_order == [other.trial_id, lost.trial_id]
    assert [trial.score for trial in oracle.trials.values()] == [0.25, 0.5]
    assert oracle.create_trial("other").status == "STOPPED"
    assert oracle.finished.is_set()


class NoWorkers:
    """Workers that never come."""

    def alive(self):
        return nullcontext()

    def watch(self):
        pass


def test_a_chief_that_no_worker_joins_does_not_wait_for_ever(oracle, tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "ALONE_SECONDS", 0.5)
    server = chief.Chief(oracle, None)
    with pytest.raises(InconclusiveError, match="no worker asked for a trial"):
        parallel.serve(oracle, server, NoWorkers(), tmp_path, StopRequest())


@pytest.mark.slow
def test_a_worker_that_is_silent_for_long_is_lost(oracle, tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "LOST_SECONDS", 0.5)
    monkeypatch.setattr(parallel, "ALONE_SECONDS", 2)
    oracle.create_trial("silent")
    with pytest.raises(InconclusiveError):
        parallel.serve(oracle, chief.Chief(oracle, None), NoWorkers(), tmp_path, StopRequest())
    assert oracle.ongoing_trials == {}
    assert oracle.create_trial("other").trial_id == "0"
