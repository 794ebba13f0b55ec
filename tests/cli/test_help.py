"""What `--help` shows, and what the parser says of a slip."""

import re
import shlex
import shutil
import subprocess

import pytest
from programs import in_process, refused

from vgg_keras.cli.commands import COMMANDS
from vgg_keras.cli.commands.execution import make_config
from vgg_keras.cli.options import GROUPS, options_of, parse


def help_of(capsys, *arguments):
    with pytest.raises(SystemExit):
        in_process(*arguments, "--help")
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_each_option_in_a_group_and_says_nothing_about_types(capsys, command):
    text = help_of(capsys, command)
    assert not re.search(r"type:|null|default: |Union|Literal|<class", text)
    assert max(map(len, text.splitlines())) <= 80
    groups = re.split(r"^(\S.*):\n", text, flags=re.MULTILINE)
    shown = {
        name: title
        for title, content in zip(groups[1::2], groups[2::2], strict=True)
        for name in re.findall(r"^  (?:--)?([a-z-]+)", content, flags=re.MULTILINE)
        if title in GROUPS
    }
    options = [option for option in options_of(COMMANDS[command]) if option.help is not None]
    assert {*shown} == {option.name.removeprefix("--") for option in options}
    assert all(name in GROUPS[title].split() for name, title in shown.items())


@pytest.mark.parametrize(
    "example", [example for command in COMMANDS.values() for example in command.examples]
)
def test_the_examples_of_help_can_be_given(capsys, tmp_path, monkeypatch, example):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs" / "train" / "NAME").mkdir(parents=True)
    (tmp_path / "logs" / "train" / "NAME" / "config.json").write_text("{}")
    program, command, *options = shlex.split(example)
    assert program == "vgg-keras"
    parsed = parse([command, *options])
    assert parsed.subcommand == command
    if kind := COMMANDS[command].config:
        assert make_config(kind, parsed[command])
    assert example in help_of(capsys, command)


def test_the_program_without_a_command_shows_its_help(capsys):
    with pytest.raises(SystemExit) as ended:
        in_process()
    assert not ended.value.code
    alone = capsys.readouterr().out
    assert alone == help_of(capsys)
    assert all(f"\n    {command}" in alone for command in COMMANDS)


def test_a_slip_in_a_configuration_file_is_answered_with_what_is_close(tmp_path, capsys):
    (tmp_path / "a.yaml").write_text("epoch: 3")
    line = refused(capsys, "train", "--config", tmp_path / "a.yaml")
    assert line.endswith("received epoch; did you mean epochs?")


COMPLETED = {
    "tr": {"train"},
    "train --ep": {"--epochs"},
    "train --precision b": {"bfloat16"},
    "train --dataset mi": {"mine.npz"},
    "predict mi": {"mine.npz"},
}


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_a_shell_completes_commands_options_and_paths(tmp_path, capsys):
    pytest.importorskip("shtab")
    with pytest.raises(SystemExit):
        in_process("--print_completion", "shtab-bash")
    (tmp_path / "completion").write_text(capsys.readouterr().out)
    (tmp_path / "mine.npz").touch()
    for words, expected in COMPLETED.items():
        code = f"""
            source completion
            COMP_WORDS=(vgg-keras {words}) COMP_CWORD={len(words.split())}
            _shtab_vgg_keras
            echo ${{COMPREPLY[@]}}
        """
        done = subprocess.run(
            ["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert {*done.stdout.split()} == expected, done.stderr
