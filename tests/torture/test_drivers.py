"""A few of the inputs, races and damages that the programs beside this file try by the hundred."""

from collections import Counter

import damage_search
import fuzz
import pytest
import race
from fuzzing.sound_runs import make_runs


@pytest.mark.slow
def test_bad_input_works_or_is_refused_in_one_line(tmp_path):
    runs = make_runs(tmp_path / "runs")
    answers = [fuzz.answer(number, 1, tmp_path, runs) for number in range(32)]
    assert [answer for answer in answers if answer.word == "wrong"] == []
    counts = Counter(answer.word for answer in answers)
    assert counts["worked"] >= 4, counts
    assert counts["refused"] >= 6, counts


@pytest.mark.slow
def test_of_two_processes_that_race_for_a_run_one_wins_and_one_is_refused(tmp_path):
    assert race.run_races(2, tmp_path) == 2


@pytest.mark.slow
def test_a_damaged_search_is_refused_in_one_line_or_ends_as_if_undisturbed(tmp_path):
    answers = [*damage_search.damage(tmp_path, count=9, seed=3)]
    assert [answer for answer in answers if "WRONG" in answer] == []
    assert sum("refused" in answer for answer in answers) >= 2
    assert sum("undisturbed" in answer for answer in answers) >= 3
