"""report.html shows a run in one file: answer first, nothing from elsewhere, nothing let in."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from programs import refused

from vgg_keras import cli
from vgg_keras.reporting.confusion import sections as confusion_sections
from vgg_keras.reporting.search import importance, score_by_size, score_by_trial
from vgg_keras.reporting.search import sections as search_sections
from vgg_keras.reporting.training import sections, verdict
from vgg_keras.reporting.write import write_report
from vgg_keras.runs.chance import accuracy_interval
from vgg_keras.runs.reading import read_result
from vgg_keras.runs.results import Difference, Parity, Trial


@pytest.fixture(scope="module")
def homes(compared, searched, trained_home):
    """The folder of a run of each command."""
    return {"compare": compared[1], "search": searched[1], "train": trained_home}


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_comparison_opens_with_its_verdict_and_shows_that_the_difference_is_zero(homes):
    page = (homes["compare"] / "report.html").read_text()
    result = json.loads((homes["compare"] / "result.json").read_text())
    words = "tape and fit are identical to the last bit after each of 4 epochs."
    assert page.index(words) < page.index("<section>")
    assert page.count("<td>exactly 0</td>") == 4
    for run in result["runs"]:
        assert run["digests"][-1][:8] in page
    assert "vgg-keras compare --config" in page
    assert result["environment"]["processor"] in text_of(page)


def test_a_report_begins_with_the_facts_that_most_readers_look_for(homes):
    page = (homes["compare"] / "report.html").read_text()
    cards = text_of(page[page.index('<dl class="cards">') : page.index("</dl>")])
    result = read_result(homes["compare"])
    tests = [run.test for run in result.runs if run.trainer == "tape"]
    correct, total = sum(test.correct for test in tests), sum(test.total for test in tests)
    for fact in (
        f"tape: {correct / total:.2%} ({correct} of {total}, mean of 2 seeds)",
        "mnist, the first 80 training images",
        f"{result.model.count_params():,} parameters",
        result.started[:10],
        str(homes["compare"] / "tape" / "seed-0" / "model.keras"),
        f"tensorboard --logdir {homes['compare']}",
    ):
        assert fact in cards


def test_precision_and_recall_of_a_class_computed_by_hand():
    # 3 images are of class 0, of which 2 are taken for it; 4 are taken for it.
    confusion = {"0": {"0": 2, "7": 1}, "7": {"0": 2, "7": 5}}
    (classes,) = confusion_sections({"tape": confusion}, None)
    assert classes.head == ["Class", "Images", "Precision, tape", "Recall, tape"]
    assert classes.rows == [["0", 3, "50.00%", "66.67%"], ["7", 7, "83.33%", "71.43%"]]
    assert "7 of 10 images are right" in classes.pictures[0].alt


def test_a_confusion_matrix_counts_every_test_image(homes):
    for run in read_result(homes["compare"]).runs:
        counts = [n for row in run.confusion.values() for n in row.values()]
        right = sum(row.get(label, 0) for label, row in run.confusion.items())
        assert (sum(counts), right) == (run.test.total, run.test.correct)


def test_charts_hold_their_values_and_can_be_read_in_dark_mode(homes):
    page = (homes["train"] / "report.html").read_text()
    (run,) = read_result(homes["train"]).runs
    for epoch, loss in enumerate(run.history["loss"], start=1):
        assert f"<title>tape, epoch {epoch}: {loss:.5f}</title>" in page
    assert "Training loss</text>" in page
    assert "prefers-color-scheme: dark" in page
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert not any("#000000" in drawing for drawing in drawings)


def test_the_curves_of_one_epoch_have_markers_on_an_axis_of_whole_epochs(homes):
    result = read_result(homes["train"])
    (run,) = result.runs
    history = {metric: figures[:1] for metric, figures in run.history.items()}
    (curves,) = (
        section
        for section in sections(
            replace(result, runs=[replace(run, epochs_done=1, history=history)])
        )
        if section.title == "Curves"
    )
    for picture in curves.pictures:
        assert "<title>tape, epoch 1:" in picture.svg
        assert "0.945" not in picture.svg


def test_a_search_shows_its_plots_and_every_trial(homes):
    page = (homes["search"] / "report.html").read_text()
    result = json.loads((homes["search"] / "result.json").read_text())
    for title in ("Scores", "Values", "Importance", "All trials"):
        assert f"<h2>{title}" in page
    assert page.count("<svg") == 4
    assert f"{result['best']['test']['accuracy']:.2%} of the test images" in text_of(page)
    for trial in result["trials"]:
        assert page.count(f"<title>Trial {trial['id']}: {trial['score']:.4f}, filters_1 ") == 2
        assert f"<td>{trial['parameters']}</td>" in page


def test_a_training_has_a_report_too(homes):
    page = (homes["train"] / "report.html").read_text()
    assert "of the test images are classified correctly" in page
    assert "exactly 0" not in page


@pytest.mark.parametrize("command", ["compare", "search", "train"])
def test_a_report_needs_nothing_from_elsewhere_and_is_rebuilt_to_the_byte(homes, command, capsys):
    path = homes[command] / "report.html"
    before = path.read_bytes()
    for address in re.findall(r"""(?:src|href)=["']([^"']*)""", before.decode()):
        assert address.startswith(("#", "data:")), address
    assert "<script" not in before.decode()
    path.unlink()
    assert cli.main(["report", str(path.parent)]) == 0
    assert str(path) in capsys.readouterr().out
    assert path.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "nonsense"])
def test_a_report_does_not_depend_on_the_settings_of_matplotlib(homes, tmp_path, backend):
    path = homes["train"] / "report.html"
    before = path.read_bytes()
    path.unlink()
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nlines.linewidth: 30\n")
    done = subprocess.run(
        [sys.executable, "-m", "vgg_keras", "report", path.parent],
        env={**os.environ, "MPLBACKEND": backend, "MATPLOTLIBRC": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before


def test_text_of_a_result_cannot_become_part_of_the_page(homes, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(homes["search"], copy)
    result = json.loads((copy / "result.json").read_text())
    planted = "<script>alert(1)</script>"
    result["config"]["name"] = result["trials"][0]["reason"] = planted
    result["environment"]["processor"] = planted
    result["environment"]["system"] = "half of a pair: \ud800"
    result["space"] = {planted if n == "filters_1" else n: v for n, v in result["space"].items()}
    for trial in result["trials"]:
        trial["values"][planted] = trial["values"].pop("filters_1")
    (copy / "result.json").write_text(json.dumps(result))
    page = write_report(copy).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "half of a pair: \\ud800" in page


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"runs": []}', '{"space": 1}'])
def test_a_folder_without_a_run_is_refused_in_one_line(tmp_path, capsys, content):
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    assert cli.main(["report", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "result.json: expected" in line
    assert not (tmp_path / "report.html").exists()


def trial(number, score, parameters, filters):
    return Trial(
        id=str(number),
        values={"filters_1": filters},
        trainer="fit",
        status="completed",
        score=score,
        scores=[score],
        seeds=[0],
        best_epoch=1,
        seconds=1.0,
        parameters=parameters,
        reason=None,
    )


TRIALS = [
    trial(0, 0.90, 100, 8),
    trial(1, 0.95, 300, 16),
    trial(2, 0.92, 400, 24),
    trial(3, 0.97, 900, 32),
]


def test_the_front_holds_the_trials_that_no_other_beats_in_size_and_score():
    picture = score_by_size(TRIALS, "val_accuracy", -1)
    assert picture.alt.endswith("not beaten in both: trials 0, 1, 3.")
    assert score_by_size(TRIALS, "val_loss", 1).alt.endswith("trials 0.")
    assert "the best is 0.9700" in score_by_trial(TRIALS, "val_accuracy").alt


def test_trials_that_chance_may_rank_below_the_best_are_marked(homes):
    # Of 199 images: 184, 182 and 160 are right. Wilson's intervals, by hand as in the tests of
    # statistics: up to 0.9538, 0.9460 and 0.8532; the best score is 0.9246.
    trials = [
        replace(trial(number, right / 199, 100, 8), interval=list(accuracy_interval(right, 199)))
        for number, right in enumerate((184, 182, 160))
    ]
    assert trials[2].interval[1] == pytest.approx(0.8532, abs=1e-4)
    result = replace(read_result(homes["search"]), trials=trials)
    assert result.near_best == {"0", "1"}
    table = search_sections(result)[-1]
    place = table.head.index("Of the best")
    assert [row[place] for row in table.rows] == ["", "within chance", ""]


def test_importance_is_the_rank_correlation_with_a_better_score():
    (picture,) = importance(TRIALS, ["filters_1"], "val_accuracy", 1).pictures
    assert "filters_1 +0.80" in picture.alt
    (picture,) = importance(TRIALS, ["filters_1"], "val_loss", -1).pictures
    assert "filters_1 -0.80" in picture.alt


def test_a_difference_is_shown_with_its_size(homes):
    result = read_result(homes["compare"])
    result.runs[0].history["loss"][1] += 0.5
    parity = Parity("diverges", 2, Difference(2, 3, "weights", "vgg/fc1/kernel", 0.25, 9.0))
    result = replace(result, equivalence=None, parity=parity)
    result.runs[0].digests[1] = "0" * 64
    variants = ["tape=my.py:mine", "fit"]
    result = replace(result, config={**result.config, "variants": variants})
    assert verdict(result) == "tape and fit diverge in epoch 2, step 3 of seed 0, stage weights."
    shown = {section.title: section for section in sections(result)}
    facts = shown["The first difference"].facts
    assert facts["Compared"] == "tape=my.py:mine, fit"
    assert facts["First variable"] == "vgg/fc1/kernel"
    assert facts["Largest difference"] == "0.25, 9 units in the last place"
    assert "learning rate" in facts["To check"]
    assert shown["Curves"].rows == [
        ["tape minus fit", "0.5", "exactly 0", "exactly 0", "exactly 0"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1000])
@pytest.mark.parametrize("command", ["compare", "search", "train"])
def test_a_browser_shows_the_report_at_any_width_without_a_complaint(
    homes, browser, command, width, tmp_path
):
    browser.set_window_size(width, 2000)
    browser.get_log("performance")
    browser.get((homes[command] / "report.html").as_uri())
    browser.save_screenshot(str(tmp_path / f"{command}-{width}.png"))
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    drawings = browser.find_elements("css selector", "figure[role=img][aria-label] > svg")
    assert len(drawings) == (4 if command == "search" else 5)
    assert all(drawing.size["width"] > 340 for drawing in drawings)
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"].endswith("WillBeSent")]
    assert sent
    assert all(url.startswith(("file:", "data:")) for url in sent), sent


def test_a_report_that_cannot_be_written_is_refused_in_one_line(compared, tmp_path, capsys):
    home = tmp_path / "a"
    shutil.copytree(compared[1], home)
    (home / "report.html").unlink()
    (home / "report.html").mkdir()
    line = refused(capsys, "report", home)
    assert "report.html: expected a file that can be written" in line
