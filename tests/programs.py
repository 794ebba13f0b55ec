"""The program, run inside the tests' process."""

from vgg_keras import cli


def in_process(*arguments):
    return cli.main([*map(str, arguments)])


def refused(capsys, *arguments):
    """Asserts exit status 2 and one line on standard error, and returns the line."""
    assert in_process(*arguments) == 2
    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert len(lines) == 1, output.err
    assert "Traceback" not in output.err
    return lines[0]
