"""The README's page on a model and loop of one's own, run as it stands."""

import re
import shlex
import sys

import pytest
from programs import in_process
from test_package import ROOT

from vgg_keras.reporting.explanations import EXPLANATIONS


def block(name, language):
    text = (ROOT / "README.md").read_text()
    found = re.search(rf"<!-- {name} -->\n```{language}\n(.*?)```", text, re.DOTALL)
    assert found, name
    return found[1]


@pytest.mark.slow
def test_a_model_and_loop_of_ones_own_are_compared_as_the_readme_says(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my", raising=False)  # another test's file of that name
    (tmp_path / "my.py").write_text(block("own: my.py", "python"))
    program, *arguments = shlex.split(block("own: command", "sh"))
    assert program == "vgg-keras"
    assert in_process(*arguments) == 0
    said = "Verdict: mine and fit diverge in epoch 1, step 188 of seed 0, stage metrics."
    assert said in capsys.readouterr().out
    readme = (ROOT / "README.md").read_text()
    assert said in readme

    exec(block("own: python", "python"), {})
    assert "diverges Difference(epoch=1, step=188, stage='metrics'" in capsys.readouterr().out

    weighed = (tmp_path / "my.py").read_text()
    for metric in ("train_loss(loss", "test_loss(loss_object(labels, predictions)"):
        assert f"{metric})" in weighed
        weighed = weighed.replace(f"{metric})", f"{metric}, sample_weight=tf.shape(images)[0])")
    (tmp_path / "weighed.py").write_text(weighed)
    arguments = [argument.replace("my.py", "weighed.py") for argument in arguments]
    assert in_process(*arguments, "--require-identical") == 0


@pytest.mark.slow
def test_the_example_in_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = block("python", "python").replace("6000", "300")
    exec(code, {})
    assert "filters_1" in capsys.readouterr().out


@pytest.mark.slow
def test_a_loop_is_diagnosed_as_the_readme_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.py").write_text(block("diagnose: loop.py", "python"))
    program, *arguments = shlex.split(block("diagnose: command", "sh"))
    assert program == "vgg-keras"
    assert in_process(*arguments) == 1
    said = capsys.readouterr().out
    readme = (ROOT / "README.md").read_text()
    lines = [
        line for line in said.splitlines() if line and "Gap" not in line and "Proof" not in line
    ]
    for line in lines[2:-1]:
        assert line in readme


def test_the_readme_lists_every_cause():
    readme = (ROOT / "README.md").read_text()
    for cause, explanation in EXPLANATIONS.items():
        assert f"| `{cause}` | {explanation.what} |" in readme
