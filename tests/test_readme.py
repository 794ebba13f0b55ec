"""README, measurements and CONTRIBUTING: what they show works, and what they name exists."""

import configparser
import re
import shlex
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from programs import in_process
from test_package import ROOT

from vgg_keras.cli.commands import COMMANDS
from vgg_keras.cli.commands.execution import make_config
from vgg_keras.cli.options import make_parser, parse
from vgg_keras.reporting.explanations import EXPLANATIONS

README = (ROOT / "README.md").read_text()
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "scripts/measure/README.md")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = ("vgg-keras", "python", "python3", "pip", "pytest", "ruff", "mypy", "tensorboard")
INLINE = re.compile(rf"`((?:[A-Z_]+=\S+ |time )*(?:{'|'.join(PROGRAMS)}) [^`]+)`")
SMALL = ("--limit", "96", "--epochs", "1")
SMALL_VGG = ("--filters", "2,2", "--dense", "8")


def commands_of(text):
    """Every command of a document, as the list of its words."""
    found = [command.replace("\n", " ") for command in INLINE.findall(FENCED.sub("", text))]
    for language, block in FENCED.findall(text):
        if language == "sh":
            found += [part for line in block.splitlines() for part in line.split("&&")]
        elif language == "console":
            found += re.findall(r"^\$ (.*)$", block, re.MULTILINE)
    for command in found:
        words = shlex.split(command, comments=True)
        while words and (words[0] == "time" or "=" in words[0]):
            del words[0]
        if words:
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_is_one_that_the_programs_take(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = [*commands_of((ROOT / document).read_text())]
    assert len(commands) > 5
    for program, *arguments in commands:
        assert program in PROGRAMS
        if program == "vgg-keras":
            check_parses(*arguments)
        elif program == "python":
            source = (ROOT / arguments[0]).read_text()
            options = [argument for argument in arguments if argument.startswith("--")]
            assert [option for option in options if f'"{option}"' not in source] == []


def check_parses(command, *others):
    if "--help" in (command, *others):
        assert command in (*COMMANDS, "COMMAND", "--help")
        return
    if "--config" in others:  # a file that a run would have left
        file = Path(others[others.index("--config") + 1])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    options = parse([command, *others])[command]
    if kind := COMMANDS[command].config:
        options.pop("from", None)  # likewise
        make_config(kind, options)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_exists(document):
    text = (ROOT / document).read_text()
    for path in re.findall(r"(?<![\w/])(?:vgg_keras|scripts|tests|\.ci)/[\w./-]*\w", text):
        assert (ROOT / path).exists(), path
    for link, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
        target = (ROOT / document).parent / link if link else ROOT / document
        assert target.is_file(), link
        titles = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if anchor else ()
        slugs = [re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in titles]
        assert not anchor or anchor in slugs, anchor
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for extras in re.findall(r"'\.\[([\w,]+)\]'", text):
        assert {*extras.split(",")} <= {*setup["options.extras_require"]}
    parsers = make_parser()._subcommands_action._name_parser_map.values()
    helps = " ".join(parser.format_help() for parser in parsers)
    for option in re.findall(r"`(--[\w-]+)", INLINE.sub("", FENCED.sub("", text))):
        assert option in helps


def test_the_readme_is_read_in_five_minutes():
    assert len(README.splitlines()) <= 250


def test_the_readme_counts_the_causes():
    assert f"the {len(EXPLANATIONS) - 1} known causes" in README


def shown(section):
    """The commands of a section of the README, each with the output that is shown."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    for language, block in FENCED.findall(text):
        if language == "console":
            for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = example.partition("\n")
                yield shlex.split(command)[1:], output


def shapes(text):
    """The lines of a text without their figures and what depends on these."""
    text = text.replace("≈", " ")
    without = re.sub(r"\b[0-9a-f]{8}\b|[-+±]?\d[\d,.]*(?:e-\d+)?%?", "#", text)
    return [" ".join(line.split()) for line in without.splitlines() if line.strip(" ─")]


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A folder with the README's `my.py` and a picture, in which its commands are run."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"<!-- my.py -->\n```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "my.py").write_text("".join(blocks))
    keras.utils.save_img("digit.png", np.zeros((28, 28, 1)))
    return tmp_path


@pytest.mark.slow
def test_results_are_shown_as_in_the_readme(reader, capsys):
    ((command, output),) = shown("How to read the result")
    assert in_process(*command, *SMALL_VGG, "--limit", "96") == 0
    assert {*shapes(output)} <= {*shapes(capsys.readouterr().out)}


@pytest.mark.slow
def test_variants_are_compared_as_in_the_readme(reader, capsys):
    ((command, output),) = shown("Compare")
    assert in_process(*command, *SMALL, *SMALL_VGG) == 0
    printed = " ".join(shapes(capsys.readouterr().out))
    assert shapes(output)[-1] in printed


@pytest.mark.slow
def test_a_loop_is_diagnosed_as_in_the_readme(reader, capsys):
    ((command, output),) = shown("Diagnose")
    assert in_process(*command) == 1
    printed = capsys.readouterr().out.splitlines()
    exact = [line for line in output.splitlines() if not line.startswith("Proof")]
    assert {*exact} <= {*printed}
    assert {*shapes(output)} <= {*shapes("\n".join(printed))}


@pytest.mark.slow
def test_a_search_is_shown_as_in_the_readme_and_its_best_design_trained(reader, capsys):
    ((command, output),) = shown("Search")
    few = ("--trials", "2", "--filters-choices", "2,3", "--dense-choices", "8")
    assert in_process(*command, *SMALL, *few) == 0
    assert {*shapes(output)} <= {*shapes(capsys.readouterr().out)}
    assert in_process("train", "--from", "logs/search/small", *SMALL) == 0


@pytest.mark.slow
def test_a_model_and_loop_of_ones_own_are_compared_as_in_the_readme(reader, capsys):
    ((command, output),) = shown("Your own model and loop")
    assert in_process(*command) == 0
    printed = capsys.readouterr().out
    assert output.splitlines()[0] in printed.splitlines()
    assert {*shapes(output)} <= {*shapes(printed)}

    own = (reader / "my.py").read_text().replace("(loss)\n\n    @", "(loss, WEIGHT)\n\n    @")
    own = own.replace("training=False)))", "training=False)), WEIGHT)")
    own = own.replace("WEIGHT", "sample_weight=tf.shape(images)[0]")
    assert own.count("tf.shape(images)[0]") == 2
    (reader / "weighed.py").write_text(own)
    command = [argument.replace("my.py", "weighed.py") for argument in command]
    assert in_process(*command, "--require-identical") == 0


@pytest.mark.slow
def test_the_readme_s_python_runs(reader, capsys, monkeypatch):
    monkeypatch.syspath_prepend(reader)
    monkeypatch.delitem(sys.modules, "my", raising=False)  # another test's file of that name
    code = re.search(r"<!-- python -->\n```python\n(.*?)```", README, re.DOTALL)[1]
    exec(code.replace("limit=6000", "limit=48, epochs=1"), {})
    assert "diverges Difference(epoch=1, step=2, stage='metrics'" in capsys.readouterr().out


@pytest.mark.slow
def test_runs_are_used_again_as_in_the_readme(reader):
    first, *others = [command for command, _ in shown("Where runs are kept")]
    assert in_process(*first, *SMALL, *SMALL_VGG) == 0
    for command in others:
        assert in_process(*command) == 0
