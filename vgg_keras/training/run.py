"""`train`: one model made, trained, tested and saved."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from vgg_keras.callbacks import Forecast, NotebookLines, Summaries
from vgg_keras.callbacks.events import writing_events
from vgg_keras.config import RunConfig, TrainConfig
from vgg_keras.config.base import class_name
from vgg_keras.datasets import Data
from vgg_keras.reporting.rich_display import to_html
from vgg_keras.reporting.write import finished
from vgg_keras.runs.chance import accuracy_interval
from vgg_keras.runs.files import writing_beside
from vgg_keras.runs.results import Mistake, Result, Run, TrainResult
from vgg_keras.runtime.compat import release_graphs
from vgg_keras.runtime.machine import peak_rss_bytes
from vgg_keras.runtime.notebook import in_notebook
from vgg_keras.runtime.settings import one_training
from vgg_keras.runtime.signals import deferred_signals
from vgg_keras.training.checkpoints import Checkpoints
from vgg_keras.training.design import design_of
from vgg_keras.training.directory import open_directory, reported
from vgg_keras.training.evaluation import Evaluation
from vgg_keras.training.inference import load_result_model
from vgg_keras.training.mistakes import worst_mistakes
from vgg_keras.training.parts import Parts, gather
from vgg_keras.training.recording import Recording, record
from vgg_keras.training.state_files import remove_states
from vgg_keras.training.training import Training

Result.load_model = staticmethod(load_result_model)
Result._repr_html_ = to_html


@one_training()
def train(
    config: TrainConfig | None = None,
    *,
    model: str | Callable[..., Any] | None = None,
    trainer: str | Callable[..., Any] | None = None,
    data: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] | keras.callbacks.Callback = (),
    from_run: str | Path | None = None,
    resume: bool = False,
    verbose: int | None = None,
    notebook: bool = False,
    **options: Any,
) -> TrainResult:
    """Trains once and leaves a run directory.

    Example:
    ```python
    result = vgg_keras.train(limit=6000, epochs=1, trainer="tape")
    print(result.history["val_accuracy"], result.path)
    ```

    Args:
        config: What to train, how, and where to keep it; or its fields as keywords.
        model: Name of a model, or a function that returns a `keras.Model`.
        trainer: Name of a trainer, or a loop or steps of your own (`vgg_keras.trainers.contract`).
        data: Data instead of the data set: `(x_train, y_train, x_test, y_test)` or a pair of
            `tf.data.Dataset`s.
        callbacks: Keras callbacks. A resumed run restores what those of Keras have seen, and the
            attributes that a callback of your own names in `remembered`.
        from_run: Folder of a run whose design is taken over, such as that of a search.
        resume: Go on with the run of that name, which was interrupted.
        verbose: Progress: 0 none, 1 a bar, 2 a line an epoch; default 1 on a terminal and in a
            notebook, else 2.
        notebook: Print each epoch in the notebook's line too, beside the one that it published.
        **options: Fields of `TrainConfig`.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: If the configuration cannot be run, and nothing was written then; or if a file
            could not be written.
        InconclusiveError: If the training diverged.
    """
    factory, options = split(options, "model", model)
    trainers, options = split_trainer(options, trainer)
    if from_run is not None:
        options = {**design_of(from_run), **options}
    config = TrainConfig.of(config, options)
    config, parts = gather(config, [config.trainer], model=factory, trainers=trainers, data=data)
    directory = open_directory(config, "train", resume)
    if old := finished(directory):
        return replace(old, factory=parts.factory)
    several = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else callbacks
    with reported(directory, config, runs=[]) as file:
        if not file.result.runs:
            shown = Shown(verbosity(verbose), notebook)
            run = run_once(parts, config, config.trainer, directory, shown, several)
            file.update(runs=[run])
        remove_states(directory)
    return replace(file.result, factory=parts.factory)


def split(
    options: dict[str, Any], name: str, value: Any
) -> tuple[Callable[..., Any] | None, dict[str, Any]]:
    """Separates a function that was handed in from the name of one.

    Returns:
        The function or None, and the options, with the name if it is one.
    """
    if value is None:
        return None, options
    return (value, options) if callable(value) else (None, {**options, name: value})


def split_trainer(
    options: dict[str, Any], value: Any
) -> tuple[dict[str, Callable[..., Any]], dict[str, Any]]:
    """Separates a trainer that was handed in from the name of one.

    Returns:
        The trainer by its name, if it was handed in; and the options, with its name.
    """
    trainer, options = split(options, "trainer", value)
    if trainer is None:
        return {}, options
    name = getattr(trainer, "__name__", type(trainer).__name__)
    return {name: trainer}, {**options, "trainer": name}


def verbosity(verbose: int | None) -> int:
    """Keras's `verbose`: what was asked for, else 1 on a terminal and in a notebook, else 2."""
    if verbose is not None:
        return verbose
    return 1 if sys.stdout.isatty() or in_notebook() else 2


@dataclass(frozen=True)
class Shown:
    """What is shown of a training while it runs.

    Attributes:
        verbose: Progress: 0 none, 1 a bar, 2 a line an epoch.
        notebook: Whether each epoch is printed in the notebook's line too.
        trainings: Number of trainings that are left, with this one.
    """

    verbose: int
    notebook: bool = False
    trainings: int = 1

    def callbacks(self, recording: Recording, training: Training) -> list[keras.callbacks.Callback]:
        """The callbacks that show it."""
        callbacks: list[keras.callbacks.Callback] = []
        if self.verbose:
            bar = self.verbose == 1
            callbacks.append(Forecast(recording.timing, training.batches, self.trainings, bar))
        if self.notebook:
            callbacks.append(NotebookLines(recording.cumulative))
        return callbacks


@release_graphs()
def run_once(
    parts: Parts,
    config: TrainConfig,
    name: str,
    home: Path,
    shown: Shown,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Trains, evaluates and saves one model; goes on where a snapshot was saved.

    Args:
        parts: What the training is made of.
        config: Configuration of the training.
        name: Name of its variant.
        home: Folder that gets the event files, the snapshots and `model.keras`.
        shown: What is shown of it.
        callbacks: Keras callbacks, beside those that record and show.

    Returns:
        The run as in the result.
    """
    gc.collect()  # the model of the run before is part of cycles
    home.mkdir(parents=True, exist_ok=True)
    training = parts.training(config, name)
    model, batches = training.model, training.batches
    if shown.verbose:
        examples = f"{batches.train_count:,} training and {batches.test_count:,} test examples"
        print(f"\nTrainer {name}, seed {config.seed}", flush=True)
        print(f"{model.count_params():,} parameters, {examples}", flush=True)
    recording = record(home, config, parts.data, batches, model.steps_per_execution)
    digests, cumulative, timing = recording.digests, recording.cumulative, recording.timing
    with deferred_signals() as request, writing_events():
        checkpoints = Checkpoints(home, config, [*recording, *callbacks], request)
        displays = shown.callbacks(recording, training)
        history = training.run([checkpoints, *displays], shown.verbose)
        save_model(model, home / "model.keras")
        values = {"trainer": name, **(config.hyperparameters or {})}
        seconds = sum(timing.seconds_per_epoch)
        evaluation, mistakes = test_and_show(
            training, recording.summaries, values, parts.data, seconds
        )
        test = evaluation.test
    return Run(
        trainer=name,
        seed=config.seed,
        epochs_done=len(digests.digests),
        history={
            key: figures for key, figures in history.history.items() if key != "learning_rate"
        },
        cumulative=cumulative.history,
        digests=digests.digests,
        seconds_per_epoch=timing.seconds_per_epoch,
        first_step_seconds=timing.first_step_seconds,
        images_per_second=timing.images_per_second,
        peak_rss_bytes=peak_rss_bytes(),
        test=test,
        test_interval=None
        if test.correct is None
        else list(accuracy_interval(test.correct, test.total)),
        wrong=None if evaluation.labels is None else evaluation.wrong.tolist(),
        mistakes=mistakes,
        confusion=evaluation.confusion,
        parameters=model.count_params(),
    )


def test_and_show(
    training: Training, summaries: Summaries, values: Mapping[str, Any], data: Data, seconds: float
) -> tuple[Evaluation, list[Mistake]]:
    """Tests a trained model, and shows in TensorBoard what it says of the test data.

    Args:
        training: The training.
        summaries: Callback that gets it.
        values: Values of the hyperparameters, for TensorBoard.
        data: Data of the training.
        seconds: Time of the training.

    Returns:
        The evaluation, and the most confident mistakes, the worst first.
    """
    evaluation = training.evaluate()
    mistakes = worst_mistakes(evaluation, data)
    summaries.finish(
        values,
        evaluation.test,
        (evaluation.labels, evaluation.probabilities),
        [(image, caption(training.config, mistake)) for mistake, image in mistakes],
        seconds,
    )
    return evaluation, [mistake for mistake, _ in mistakes]


def caption(config: RunConfig, mistake: Mistake) -> str:
    """What stands above the image of a mistake."""
    label, predicted = (
        class_name(config.class_names, number) for number in (mistake.label, mistake.predicted)
    )
    return f"{label} as {predicted}, {mistake.probability:.0%}"


def save_model(model: keras.Model, path: Path) -> None:
    """Saves a model; of one that has no configuration (`get_config`) only the weights.

    Keras cannot save a subclassed model whose arguments are objects; its weights are in
    `model.weights.h5` then, for `factory().load_weights(...)`.
    """
    try:
        with writing_beside(path) as beside:
            model.save(beside)
    except (NotImplementedError, TypeError):
        with writing_beside(path.with_suffix(".weights.h5")) as beside:
            model.save_weights(beside)
