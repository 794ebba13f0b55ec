"""A search of which a file is damaged is refused in one line, or ends as if undisturbed."""

import damage_search
import pytest


@pytest.mark.slow
def test_a_damaged_search_is_refused_in_one_line_or_ends_as_if_undisturbed(tmp_path):
    answers = [*damage_search.damage(tmp_path, count=6, seed=3)]
    assert [answer for answer in answers if "WRONG" in answer] == []
    assert sum("refused" in answer for answer in answers) >= 2
    assert sum("undisturbed" in answer for answer in answers) >= 3
