"""Lets two processes race for the name of a run.

`python tests/torture/race.py --races 50`.

Two processes start a training of one name at the same moment, in every other race with `--resume`,
of a run that was killed as soon as its folder was made. One must win and end well, the other must
be refused in one line, and all files must be whole. Exit status 1 if that is not so once.
"""

import argparse
import contextlib
import io
import multiprocessing
import tempfile
from multiprocessing.synchronize import Barrier
from pathlib import Path

from vgg_keras import cli
from vgg_keras.models.saved import load_model
from vgg_keras.runs.files import read_json
from vgg_keras.runs.reading import read_result
from vgg_keras.runtime.startup import silent_startup

TRAINING = ["train", "--limit", "64", "--epochs", "1", "--filters", "2,2", "--quiet"]
WAIT_SECONDS = 120
BARRIERS: list[Barrier] = []
"""Of each process, the one that it waits at."""
REFUSALS = ("expected the name of a new run", "expected a run that no process works on")


def main() -> int:
    """Runs the races."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=50)
    races = parser.parse_args().races
    with tempfile.TemporaryDirectory() as home:
        good = run_races(races, Path(home))
    print(f"{good} of {races} races: one training won and is whole, the other was refused")
    return int(good < races)


def run_races(races: int, home: Path) -> int:
    """Lets two processes race, and returns how often all was well."""
    context, good = multiprocessing.get_context("spawn"), 0
    with context.Pool(2, prepare, (context.Barrier(2),)) as pool:
        for race in range(races):
            resume = race % 2 == 1
            directory = home / "train" / f"race-{race}"
            if resume:
                directory.mkdir(parents=True)
            place = ["--logdir", str(home), "--name", directory.name]
            arguments = [*TRAINING, *place, *(["--resume"] if resume else [])]
            (won, _), (lost, line) = sorted(pool.map(start, [arguments] * 2, chunksize=1))
            details = line.count("\n") == 1 and REFUSALS[resume] in line
            if (won, lost, details) == (0, 2, True) and is_whole(directory):
                good += 1
            else:
                print(f"{directory.name}: exit status {won} and {lost}: {line}")
    return good


def prepare(barrier: Barrier) -> None:
    """Makes a process ready to start at once, when the other one is."""
    with silent_startup():
        import vgg_keras.training.run  # noqa: F401
    BARRIERS.append(barrier)


def start(arguments: list[str]) -> tuple[int, str]:
    """Waits for the other process, runs the program, and returns its status and its errors."""
    BARRIERS[0].wait(WAIT_SECONDS)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()) as error,
    ):
        return cli.main(arguments), error.getvalue()


def is_whole(directory: Path) -> bool:
    """Whether a finished run has all its files, and none of them is torn."""
    load_model(directory / "model.keras")
    result, config = read_result(directory), read_json(directory / "config.json")
    finished = result["status"] == "finished" and result["config"] == config
    return finished and not [*directory.glob(".new-*"), *directory.glob("state*")]


if __name__ == "__main__":
    raise SystemExit(main())
