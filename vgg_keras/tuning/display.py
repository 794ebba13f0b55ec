"""What a person sees of a search while it runs: a line a worker, and one a trial that ended."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from keras_tuner.engine.trial import Trial
from rich.live import Live
from rich.table import Table

from vgg_keras.config import SearchConfig
from vgg_keras.tuning.oracles import Durable
from vgg_keras.tuning.records import Record
from vgg_keras.tuning.rows import chosen
from vgg_keras.tuning.status import read_status


class Display:
    """Shows a search inside a `with`.

    Args:
        project: KerasTuner's directory, where workers write their status.
        config: of the search.
        verbose: 0 nothing, 1 live lines as well, 2 only a line a trial.
    """

    def __init__(self, project: Path, config: SearchConfig, verbose: int):
        self._project, self._config, self._verbose = project, config, verbose
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self._verbose == 1:
            live = Live(get_renderable=self._workers, refresh_per_second=2, transient=True)
            self._stack.enter_context(live)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _workers(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for path in sorted(self._project.glob("workers/*.json")):
            status = read_status(self._project, path.stem)
            if status.trial is None:
                table.add_row(path.stem, "idle")
                continue
            score = "" if status.score is None else f"{self._config.objective} {status.score:.4f}"
            left = "" if status.seconds_left is None else f"{status.seconds_left:.0f} s left"
            epoch = f"epoch {status.epoch + 1} of {status.epochs}"
            table.add_row(path.stem, f"trial {status.trial}", epoch, score, left)
        return table

    def tell(self, trial: Trial, oracle: Durable) -> None:
        """Prints a line about a trial that has ended, and the best so far."""
        if not self._verbose:
            return
        objective = self._config.objective
        values = ", ".join(f"{name} {value}" for name, value in chosen(trial).items())
        ended = Record.load(oracle.directory_of(trial)).reason or f"{objective} {trial.score:.4f}"
        best = oracle.get_best_trials(1)[0]
        so_far = "" if best.score is None else f"; best {best.score:.4f} in trial {best.trial_id}"
        total = f" of {oracle.max_trials}" if oracle.max_trials else ""
        done = f"{len(oracle.end_order)}{total}"
        print(f"Trial {trial.trial_id} ({done} done): {values}: {ended}{so_far}", flush=True)
