"""What a person sees of a search while it runs: a line a worker, and one a trial that ended."""

from __future__ import annotations

import shlex
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from keras_tuner.engine.trial import Trial
from rich.live import Live
from rich.table import Table

from vgg_keras.config import SearchConfig
from vgg_keras.config.base import count
from vgg_keras.reporting.words import duration
from vgg_keras.runtime.cluster import Address
from vgg_keras.runtime.notebook import in_notebook
from vgg_keras.tuning.oracles import Durable
from vgg_keras.tuning.records import Record
from vgg_keras.tuning.rows import chosen
from vgg_keras.tuning.status import read_status

STALE_SECONDS = 10
"""A status as old was left by a worker that was killed."""

START_SECONDS = 5
"""Time that workers take to start, and a search without any does not."""

GAIN = 0.2
"""Share of the time of the trials that workers save, with two of them on two cores."""


class Display:
    """Shows a search.

    Args:
        directory: Folder of the search.
        config: Configuration of the search.
        verbose: 0 nothing, 1 live lines as well, 2 only a line a trial.
    """

    def __init__(self, directory: Path, config: SearchConfig, verbose: int):
        self._directory, self._config, self._verbose = directory, config, verbose
        self._paced = False

    def live(self) -> AbstractContextManager[object]:
        """Shows, inside a `with`, what each worker is doing; not in a notebook, which keeps it."""
        if self._verbose != 1 or in_notebook():
            return nullcontext()
        return Live(get_renderable=self._workers, refresh_per_second=2, transient=True)

    def _workers(self) -> Table:
        project = self._directory / "tuner"
        table = Table.grid(padding=(0, 2))
        for path in sorted(project.glob("workers/*.json")):
            try:
                stale = time.time() - path.stat().st_mtime > STALE_SECONDS
            except FileNotFoundError:  # the worker has just ended
                continue
            if stale:
                continue
            status = read_status(project, path.stem)
            if status.trial is None:
                table.add_row(path.stem, "idle")
                continue
            score = "" if status.score is None else f"{self._config.objective} {status.score:.4f}"
            left = "" if status.seconds_left is None else f"{status.seconds_left:.0f} s left"
            epoch = f"epoch {status.epoch + 1} of {status.epochs}" if status.epochs else "starting"
            table.add_row(path.stem, f"trial {status.trial}", epoch, score, left)
        return table

    def show_data(self, facts: dict[str, Any]) -> None:
        """Prints how many examples there are for what."""
        self._print(
            f"Each trial is trained on {count(facts['train'], 'example')} and scored by "
            f"{facts['validation']:,}; {facts['test']:,} more test the best design"
        )

    def show_space(self, space: dict[str, dict[str, Any]]) -> None:
        """Prints what is chosen from."""
        for name, hyperparameter in space.items():
            self._print(f"{name}: {', '.join(map(str, hyperparameter['values']))}")

    def show_address(self, address: Address) -> None:
        """Prints how another machine can join."""
        home = self._directory.resolve()
        file, logdir = home / "config.json", home.parents[1]
        options = ["--config", file, "--logdir", logdir, "--join", address]
        self._print(f"Join with: vgg-keras search {shlex.join(map(str, options))}")

    def show_trial(self, trial: Trial, oracle: Durable) -> None:
        """Prints a line about a trial that has ended, and the best so far."""
        objective = self._config.objective
        values = ", ".join(f"{name} {value}" for name, value in chosen(trial).items())
        score = "failed" if trial.score is None else f"{objective} {trial.score:.4f}"
        record = Record.load(oracle.directory_of(trial))
        ended = record.reason or score
        best = oracle.get_best_trials(1)[0]
        so_far = "" if best.score is None else f"; best {best.score:.4f} in trial {best.trial_id}"
        total = f" of {oracle.max_trials}" if oracle.max_trials else ""
        done = f"{len(oracle.end_order)}{total} done"
        self._print(f"Trial {trial.trial_id} ({done}): {values}: {ended}{so_far}")
        if record.executions and not self._paced:
            self._paced = True
            seconds = sum(execution.seconds for execution in record.executions)
            left = oracle.max_trials - len(oracle.end_order) if oracle.max_trials else 0
            self._print(pace(seconds, left, int(self._config.workers)))

    def _print(self, line: str) -> None:
        if self._verbose:
            print(line, flush=True)


def pace(seconds: float, left: int, workers: int) -> str:
    """How long a search will take, in words.

    Args:
        seconds: Time of a trial.
        left: Number of trials that are left; 0 if it is not known.
        workers: Number of workers of this machine.
    """
    several = workers > 1
    text = f"{workers} workers: about" if several else "About"
    text += f" {duration(seconds)} a trial{' each' if several else ''}"
    whole = seconds * left / max(1, workers)
    if left:
        text += f", {duration(whole)} for the {left} that are left"
    if several and left and whole * GAIN < START_SECONDS:
        text += "; without workers so short a search ends sooner"
    return text
