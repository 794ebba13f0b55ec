"""Trains two variants from the same weights on the same batches, and compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vgg_keras.comparison.against import SAVED, Saved, load_saved
from vgg_keras.comparison.band import write_band
from vgg_keras.comparison.equivalence import equivalence
from vgg_keras.comparison.lockstep import first_difference
from vgg_keras.comparison.noise import repetition, within_noise
from vgg_keras.comparison.pairs import Pair, pair_runs
from vgg_keras.comparison.parity import certify
from vgg_keras.comparison.speed import speed
from vgg_keras.config import CompareConfig
from vgg_keras.config.lists import Variants
from vgg_keras.config.variants import parse_variant
from vgg_keras.errors import require
from vgg_keras.reporting.write import finished
from vgg_keras.runs.result_file import ResultFile
from vgg_keras.runs.results import CompareResult, Difference, Parity, Repetition, Run
from vgg_keras.runtime.settings import one_training
from vgg_keras.training.design import design_of
from vgg_keras.training.directory import home_of, open_directory, reported
from vgg_keras.training.parts import Parts, gather
from vgg_keras.training.run import Shown, run_once, split, verbosity
from vgg_keras.training.state_files import remove_states


@one_training()
def compare(
    config: CompareConfig | None = None,
    *,
    model: str | Callable[..., Any] | None = None,
    trainers: Mapping[str, Any] | None = None,
    data: Any = None,
    from_run: str | Path | None = None,
    resume: bool = False,
    verbose: int | None = None,
    notebook: bool = False,
    **options: Any,
) -> CompareResult:
    """Trains two variants from the same weights on the same batches, and compares them.

    Example:
    ```python
    result = vgg_keras.compare(limit=6000, epochs=1, trainers={"mine": mine, "fit": "fit"})
    print(result.verdict, result.parity.first_difference)
    ```

    Args:
        config: What to train, how, for which seeds, and where to keep it; or its fields as
            keywords.
        model: Name of a model, or a function that returns a `keras.Model`.
        trainers: Trainers by name: loops or steps of your own (`vgg_keras.trainers.contract`), or
            names. If there are two and no variants are named, they are compared.
        data: Data instead of the data set: `(x_train, y_train, x_test, y_test)` or a pair of
            `tf.data.Dataset`s.
        from_run: Folder of a run whose design is taken over, such as that of a search.
        resume: Go on with the comparison of that name, which was interrupted.
        verbose: Progress: 0 none, 1 a bar, 2 a line an epoch; default 1 on a terminal and in a
            notebook, else 2.
        notebook: Print each epoch in the notebook's line too, beside the one that it published.
        **options: Fields of `CompareConfig`.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: If the configuration cannot be run, and nothing was written then; or if a file
            could not be written.
        InconclusiveError: If a training diverged.
    """
    verbose = verbosity(verbose)
    factory, options = split(options, "model", model)
    if from_run is not None:
        options = {**design_of(from_run), **options}
    config = CompareConfig.of(config, options)
    if trainers and config.variants is None and config.against is None:
        expected = "two trainers, or variants that say which two"
        require(len(trainers) == 2, "trainers", expected, ", ".join(trainers))
        config = replace(config, variants=Variants(trainers))
    saved = load_saved(config) if config.against is not None else None
    if saved and config.variants is None:
        config = replace(config, variants=Variants([saved.trainer]))
    names = [parse_variant(variant).trainer for variant in config.all_variants]
    config, parts = gather(config, names, model=factory, trainers=trainers, data=data)
    if saved:
        saved.check_tests(parts.data.batches(config.batch_size).test_count, config.seed)
    directory = open_directory(config, "compare", resume)
    if old := finished(directory):
        return replace(old, factory=parts.factory)
    comparison = Comparison(config, parts, directory, saved, Shown(verbose, notebook))
    with reported(directory, config, runs=[], self_check=None) as file:
        if saved:
            file.update(against=saved.about(config))
        runs = comparison.train_all(file)
        if config.seeds > 1:
            write_band(directory, runs)
        repetitions = comparison.repeat(runs[:2], file) if config.self_check else {}
        pairs = pair_runs(runs)
        parity = judge(pairs, repetitions, comparison.difference)
        file.update(
            parity=parity,
            equivalence=equivalence(pairs, parity.verdict, config.margin, parts.data.classes)
            if len(pairs) > 1
            else None,
            speed=None if saved else speed(pairs),
        )
    return replace(file.result, factory=parts.factory)


@dataclass(frozen=True)
class Comparison:
    """The trainings of a comparison.

    Attributes:
        config: Configuration of the comparison.
        parts: What the trainings are made of.
        directory: Gets a folder for each training.
        saved: A run that takes the place of the first variant; None if both are trained.
        shown: What is shown of the trainings.
    """

    config: CompareConfig
    parts: Parts
    directory: Path
    saved: Saved | None
    shown: Shown

    @property
    def variants(self) -> dict[str, str]:
        """The two that are compared: the name of each, and the variant as it was asked for."""
        variants = {parse_variant(variant).name: variant for variant in self.config.all_variants}
        return {SAVED: SAVED, **variants} if self.saved else variants

    def train_all(self, file: ResultFile[CompareResult]) -> list[Run]:
        """Trains what has not ended yet, seed by seed; which of the two is first alternates.

        Args:
            file: Has the runs that have ended, and gets the others.

        Returns:
            All runs.
        """
        ended = {(run.trainer, run.seed): run for run in file.result.runs}
        if self.saved:
            ended |= {(SAVED, seed): run for seed, run in self.saved.runs.items()}
        runs: list[Run] = []
        for index, seed in enumerate(range(self.config.seed, self.config.seed + self.config.seeds)):
            for name in list(self.variants)[:: -1 if index % 2 else 1]:
                part = f"seed-{seed}"
                run = ended.get((name, seed)) or self._train(name, seed, part, file)
                runs.append(run)
                if (name, seed) not in ended:
                    file.update(runs=runs)
                remove_states(home_of(self.directory, name, part))
        file.update(runs=runs)
        return runs

    def repeat(self, runs: Sequence[Run], file: ResultFile[CompareResult]) -> dict[str, Repetition]:
        """Trains runs of the first seed again, but a saved one, and compares each with itself.

        Args:
            runs: One run of each of the two.
            file: Gets `self_check`.

        Returns:
            How each compares with itself.
        """
        repetitions = dict(file.result.self_check or {})
        for first in runs:
            name = first.trainer
            if name not in (SAVED, *repetitions):
                again = self._train(name, self.config.seed, "self-check", file)
                repetitions[name] = repetition(first, again)
                file.update(self_check=repetitions)
            remove_states(home_of(self.directory, name, "self-check"))
        return repetitions

    def difference(self, seed: int, epoch: int) -> Difference:
        """Finds the first difference of a seed and an epoch in which the two diverge."""
        if self.saved:
            home = home_of(self.directory, list(self.variants)[1], f"seed-{seed}")
            return self.saved.difference(seed, epoch, home / "model.keras", self.parts)
        if self.shown.verbose:
            print(f"They diverge in epoch {epoch}; replaying it step by step to find where.")
        trainings = [
            self.parts.training(replace(self.config.training(variant, seed), epochs=epoch), name)
            for name, variant in self.variants.items()
        ]
        return first_difference(trainings) or Difference(epoch, None, "unrepeatable")

    def _train(self, name: str, seed: int, part: str, file: ResultFile[CompareResult]) -> Run:
        training = self.config.training(self.variants[name], seed)
        home = home_of(self.directory, name, part)
        ended = sum(run.trainer != SAVED for run in file.result.runs)
        ended += len(file.result.self_check or {})
        shown = replace(self.shown, trainings=self.config.trainings - ended)
        return run_once(self.parts, training, name, home, shown)


def judge(
    pairs: Sequence[Pair],
    repetitions: Mapping[str, Repetition],
    find: Callable[[int, int], Difference],
) -> Parity:
    """Certifies that pairs of runs agree, or finds where the first of them diverge.

    Args:
        pairs: Runs of both, one pair a seed.
        repetitions: How each trainer compares with itself; empty if that was not asked for.
        find: Gives the first difference of a seed and an epoch in which they diverge.
    """
    certificate = certify([(a.digests, b.digests) for a, b in pairs])
    verdict, difference = certificate.verdict, None
    if certificate.first_mismatch and within_noise(pairs, repetitions):
        verdict = "indistinguishable"
    elif certificate.first_mismatch:
        pair, epoch = certificate.first_mismatch
        difference = find(pairs[pair][0].seed, epoch)
    return Parity(verdict, certificate.epochs_compared, difference)
