"""Gives the program bad input of many kinds, and checks how it answers.

`python tests/torture/fuzz.py --inputs 500 --seed 0`.

Each input must either work or be refused: exit
status 2, one line that tells what was expected and what was received, no folder made, no file of a
run changed. No input may take long, make the program print a traceback, or run code that a file
brings. Exit status 1 if one is answered otherwise. `--only 17` repeats the 17th and shows its
output.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import signal
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import IO

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as the program does

from fuzzing.inputs import KINDS
from fuzzing.naming_code import PLANTED
from fuzzing.sound_runs import make_runs
from rich import box
from rich.console import Console
from rich.table import Table

from vgg_keras import cli

ANSWERS = ("worked", "refused", "diverged", "wrong")
LIMIT_SECONDS = 60
LOCK_FILES = {".lock", ".holder"}


@dataclass(frozen=True)
class Answer:
    """How the program answered an input.

    Attributes:
        number: Number of the input.
        kind: Kind of the input.
        word: One of `ANSWERS`.
        details: Why it is wrong, if it is; the arguments of the command line; what was printed.
    """

    number: int
    kind: str
    word: str
    details: str = ""


class TooLong(BaseException):
    """Ends an input that takes too long; no `except Exception` catches it."""


def main() -> int:
    """Gives the inputs, and prints how many of each kind were answered how."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="repeat the input of this number")
    options = parser.parse_args()
    numbers = range(options.inputs) if options.only is None else [options.only]
    with tempfile.TemporaryDirectory() as home:
        answers = list(answer_all(numbers, options.seed, Path(home)))
    for answer in answers:
        if answer.word == "wrong" or options.only is not None:
            print(f"Input {answer.number}, {answer.kind}, {answer.word}: {answer.details}\n")
    show(answers)
    good = sum(answer.word != "wrong" for answer in answers)
    print(f"{good} of {len(numbers)} inputs worked or were refused in one line")
    return int(good < len(numbers))


def answer_all(numbers: Sequence[int], seed: int, home: Path) -> Iterator[Answer]:
    """Gives inputs to two processes; ends early if one of them crashes."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        runs = pool.submit(make_runs, home / "runs").result()
        futures = [pool.submit(answer, number, seed, home, runs) for number in numbers]
        for number, future in zip(numbers, futures, strict=True):
            try:
                yield future.result()
            except BrokenProcessPool:
                yield Answer(number, "or another", "wrong", "a process of the program crashed")
                return


def answer(number: int, seed: int, home: Path, runs: Path) -> Answer:
    """Makes an input, gives it to the program, and judges the answer.

    Args:
        number: Number of the input; its kind, and with the seed all of it, follow from that.
        seed: Seed of all inputs.
        home: Folder that gets one for it.
        runs: from `make_runs`.
    """
    kind = list(KINDS)[number % len(KINDS)]
    place = home / f"input-{number}"
    place.mkdir()
    with contextlib.chdir(place):
        arguments = KINDS[kind](random.Random(f"{seed}/{number}"), runs)
        before = contents(place)
        with caught(1) as output, caught(2) as errors, warnings.catch_warnings():
            status = call(arguments)
            printed, error = map(content_of, (output, errors))
    word, why = judge(status, error, before, contents(place))
    if any((folder / PLANTED).exists() for folder in (home, place)):
        word, why = "wrong", "a file from outside has left something behind"
    details = f"{why}\n{json.dumps(arguments)}\n{printed}{error}"
    return Answer(number, kind, word, details)


def content_of(file: IO[str]) -> str:
    """All that was written to a file."""
    file.seek(0)
    return file.read()


def call(arguments: Sequence[str]) -> int | str:
    """Runs the program.

    Returns:
        Its exit status, or what was wrong with it.
    """

    def end(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, end)
    signal.alarm(LIMIT_SECONDS)
    try:
        return cli.main(arguments)
    except TooLong:
        return f"more than {LIMIT_SECONDS} s"
    finally:
        signal.alarm(0)


def judge(
    status: int | str, error: str, before: dict[str, bytes], after: dict[str, bytes]
) -> tuple[str, str]:
    """Judges an answer.

    Args:
        status: What `call` returned.
        error: What was printed on standard error.
        before: Files and folders, from `contents`.
        after: The same, afterwards.

    Returns:
        One of `ANSWERS`, and why if it is wrong.
    """
    lines = error.splitlines()
    if "Traceback" in error or status not in (0, 2, 3):
        return "wrong", f"exit status {status}"
    if any(name.endswith("report.html") and b"<script" in after[name] for name in after):
        return "wrong", "a report with a script"
    if status == 0:
        return "worked", ""
    if len(lines) > 1 or (status == 3 and lines and "expected finite figures" not in error):
        return "wrong", f"exit status {status} with {len(lines)} lines"
    if status == 3:
        return "diverged", ""
    if not lines or "expected" not in error or "received" not in error:
        return "wrong", "refused without what was expected and received"
    touched = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    return ("wrong", f"refused, but touched {touched}") if touched else ("refused", "")


def contents(place: Path) -> dict[str, bytes]:
    """Folders, and files with what they hold, but those of locks."""
    return {
        str(path): b"" if path.is_dir() else path.read_bytes()
        for path in place.rglob("*")
        if path.name not in LOCK_FILES
    }


@contextlib.contextmanager
def caught(descriptor: int) -> Iterator[IO[str]]:
    """Turns a descriptor, and Python's stream of it, into a file for a while."""
    redirect = {1: contextlib.redirect_stdout, 2: contextlib.redirect_stderr}[descriptor]
    kept = os.dup(descriptor)
    with tempfile.TemporaryFile("w+", errors="backslashreplace") as file:
        os.dup2(file.fileno(), descriptor)
        try:
            with redirect(file):
                yield file
        finally:
            os.dup2(kept, descriptor)
            os.close(kept)


def show(answers: Sequence[Answer]) -> None:
    """Prints how many inputs of each kind were answered how."""
    counts = Counter((answer.kind, answer.word) for answer in answers)
    table = Table("Input", *map(str.capitalize, ANSWERS), box=box.SIMPLE_HEAD)
    for kind in dict.fromkeys(answer.kind for answer in answers):
        table.add_row(kind, *(str(counts[kind, word]) for word in ANSWERS))
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main())
