"""What the commands do; TensorFlow is imported late, and quietly."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from jsonargparse import Namespace

from vgg_keras.config import (
    BenchmarkConfig,
    CompareConfig,
    ModelConfig,
    RunConfig,
    SearchConfig,
    TrainConfig,
)
from vgg_keras.errors import InputError, require

Config = TypeVar("Config", bound=RunConfig)


@contextlib.contextmanager
def tensorflow_for(options: Namespace, config: RunConfig) -> Iterator[int]:
    """Starts TensorFlow with the devices and as much output as was asked for.

    Yields:
        Keras's `verbose`: 0 silent, 1 a progress bar, 2 a line an epoch, for pipes and files.
    """
    from vgg_keras.runtime.startup import silent_startup

    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # or TensorFlow takes a whole GPU
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        with contextlib.nullcontext() if options.verbose else silent_startup():
            import tensorflow as tf

            if isinstance(config, ModelConfig) and "mirrored" in config.asked("strategy"):
                from vgg_keras.runtime.devices import split_processor

                split_processor()
            tf.zeros(())  # starts the devices, which have something to say too
            if not options.verbose:
                tf.get_logger().setLevel("ERROR")
        if "bfloat16" in config.asked("precision"):
            warn_of_bfloat16()
        yield 0 if options.quiet else 1 if sys.stdout.isatty() else 2


def warn_of_bfloat16() -> None:
    """Says so if bfloat16 will be slow."""
    import tensorflow as tf

    from vgg_keras.runtime.machine import lacks_bfloat16

    if lacks_bfloat16() and not tf.config.list_physical_devices("GPU"):
        print(
            "vgg-keras: this processor has no instructions for bfloat16, which will be slower than "
            "float32",
            file=sys.stderr,
        )


def run_compare(options: Namespace) -> int:
    """Runs `vgg-keras compare`."""
    config = make_config(CompareConfig, options)
    with tensorflow_for(options, config) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.comparison.experiment import compare

        result = compare(config, verbose, resume=options.resume)
        show_runs(result, options)
        terminal.show_verdict(result)
        if result["equivalence"]:
            terminal.show_means(result)
        terminal.show_test(result)
        if result["speed"]:
            terminal.show_speed(result)
        terminal.show_directory("compare", result)
    if options.json:
        show_json(result)
    return int(options.require_identical and result["parity"]["verdict"] != "identical")


def run_train(options: Namespace) -> int:
    """Runs `vgg-keras train`."""
    config = make_config(TrainConfig, options)
    with tensorflow_for(options, config) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.training.run import train

        result = train(config, verbose, options.resume)
        show_runs(result, options)
        terminal.show_test(result)
        terminal.show_directory("train", result)
    if options.json:
        show_json(result)
    return 0


def run_search(options: Namespace) -> int:
    """Runs `vgg-keras search`."""
    config = make_config(SearchConfig, options)
    alone = not (options.join and (options.resume or options.chief))
    require(alone, "--join", "neither --resume nor --chief beside it", "one of them")
    if config.workers != 1:
        from vgg_keras.tuning.workers import prepare_processes

        prepare_processes()  # while this one imports TensorFlow too
    with tensorflow_for(options, config) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.tuning.join import join
        from vgg_keras.tuning.search import search

        if options.join:
            join(config, options.join, verbose)
            return 0
        result = search(config, options.resume, verbose, options.chief)
        if not options.quiet:
            terminal.show_trials(result)
        terminal.show_best(result)
        terminal.show_directory("search", result)
    if options.json:
        show_json(result)
    return 0 if result["best"] else 3


def run_benchmark(options: Namespace) -> int:
    """Runs `vgg-keras benchmark`."""
    config = make_config(BenchmarkConfig, options)
    with tensorflow_for(options, config) as verbose:
        from vgg_keras.benchmarking.benchmark import benchmark
        from vgg_keras.cli import terminal

        result = benchmark(config, verbose)
        terminal.show_timings(result)
        terminal.show_directory("benchmark", result)
    if options.json:
        show_json(result)
    verdicts = [ratio["verdict"] for heat in result["heats"] for ratio in heat["ratios"]]
    return 3 if "undecided" in verdicts and not config.recording else 0


def run_evaluate(options: Namespace) -> int:
    """Runs `vgg-keras evaluate`."""
    made_from = dataset_of_run(options.path)
    data = {name: made_from[name] if options[name] is None else options[name] for name in made_from}
    config = RunConfig(**data, batch_size=options.batch_size)
    with tensorflow_for(options, config):
        from vgg_keras.cli import terminal
        from vgg_keras.datasets import load_dataset
        from vgg_keras.training import inference

        models = inference.find_models(options.path)
        arrays = load_dataset(config.dataset, config.limit)
        evaluations = {
            str(path): inference.evaluate(inference.load_model(path), arrays, config.batch_size)
            for path in models
        }
        print(f"Data: {len(arrays.x_test)} test images of {config.dataset}")
        terminal.show_evaluations(evaluations)
    if options.json:
        show_json(evaluations)
    return 0


def run_predict(options: Namespace) -> int:
    """Runs `vgg-keras predict`."""
    with tensorflow_for(options, RunConfig()):
        from vgg_keras.cli import terminal
        from vgg_keras.training import inference

        models = inference.find_models(options.path)
        if len(models) > 1:
            raise InputError(
                f"path: expected one model, received {options.path} with {len(models)}; "
                f"choose one, for example {models[0]}"
            )
        rows = inference.predict(inference.load_model(models[0]), options.images)
        predictions = dict(zip(map(str, options.images), rows, strict=True))
        terminal.show_predictions(predictions)
    if options.json:
        show_json(predictions)
    return 0


def run_report(options: Namespace) -> int:
    """Runs `vgg-keras report`."""
    from vgg_keras.reporting.write import write_report

    file = write_report(options.path)
    print(json.dumps({"report": str(file)}) if options.json else f"Written: {file}")
    return 0


def dataset_of_run(path: Path) -> dict[str, Any]:
    """The data set that a saved model was trained with, if the model lies in a run's directory.

    Raises:
        InputError: if the run's configuration cannot be read.
    """
    from vgg_keras.runs.files import read_json

    for directory in (path, *Path(os.path.realpath(path)).parents):
        file = directory / "config.json"
        if file.is_file() and (directory / "result.json").is_file():
            config = {"dataset": None, "limit": None, **read_json(file)}
            if config.get("retrain_epochs"):  # a search, whose best model had the whole data set
                config["limit"] = None
            return {name: config[name] for name in ("dataset", "limit")}
    return {"dataset": "mnist", "limit": None}


def make_config(kind: type[Config], options: Namespace) -> Config:
    """Makes a configuration of the options that there are for it.

    Raises:
        InputError: if a value cannot be used.
    """
    names = [field.name for field in dataclasses.fields(kind) if field.name in options]
    return kind.from_dict({name: options[name] for name in names})


def show_json(value: dict[str, Any]) -> None:
    """Prints a result on standard output."""
    from vgg_keras.runs.files import json_values

    print(json.dumps(json_values(value), allow_nan=False))


def show_runs(result: dict[str, Any], options: Namespace) -> None:
    """Shows the figures of trainings, epoch by epoch."""
    from vgg_keras.cli import terminal

    if not options.quiet:
        terminal.show_runs(result)
    if options.notebook:
        terminal.show_notebook(result)
