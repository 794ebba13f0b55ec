"""The commands: what each is for, what it can be asked for, and what it does.

TensorFlow is imported late, and quietly.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from jsonargparse import Namespace

from vgg_keras.config import (
    BenchmarkConfig,
    CompareConfig,
    DiagnoseConfig,
    RunConfig,
    SearchConfig,
    TrainConfig,
)
from vgg_keras.config.base import count
from vgg_keras.errors import require
from vgg_keras.runtime.peers import place

Config = TypeVar("Config", bound=RunConfig)


class Option(NamedTuple):
    """An option of a command.

    Attributes:
        name: Name, with dashes if it is no positional argument.
        help: What it is for; None if it is not shown.
        kind: Type of its value; bool for a flag.
        default: Value if it is not given.
        nargs: Number of values, as in `argparse`.
    """

    name: str
    help: str | None
    kind: Any = str | None
    default: Any = None
    nargs: str | None = None


class Command(NamedTuple):
    """A command of the program.

    Attributes:
        summary: What it does, in a few words.
        run: Runs it, and returns the exit status.
        config: Its configuration, whose fields are options.
        options: Its other options.
        examples: Command lines.
    """

    summary: str
    run: Callable[[Namespace], int]
    config: type[RunConfig] | None
    options: tuple[Option, ...]
    examples: tuple[str, ...]


@contextlib.contextmanager
def tensorflow_for(options: Namespace, config: RunConfig, purpose: str) -> Iterator[int]:
    """Starts TensorFlow with the devices and as much output as was asked for.

    Args:
        options: Options of the command.
        config: Configuration of what will run.
        purpose: What TensorFlow is started for, in words.

    Yields:
        Keras's `verbose`: 0 silent, 1 a progress bar, 2 a line an epoch, for pipes and files.
    """
    from vgg_keras.runtime.startup import check_keras, own_environment, silent_startup

    if not (options.quiet or options.json):
        print(f"{purpose}.\nStarting TensorFlow ...", flush=True)
    own_environment()
    with contextlib.ExitStack() as outputs:
        if options.json:
            outputs.enter_context(contextlib.redirect_stdout(sys.stderr))
        with contextlib.nullcontext() if options.verbose else silent_startup():
            check_keras()
            import tensorflow as tf

            from vgg_keras.runtime import devices

            strategies = config.values_of("strategy")
            if "mirrored" in strategies:
                devices.split_processor()
            if "multiworker" in strategies:
                devices.join_cluster()
            tf.zeros(())  # starts the devices, which have something to say too
            if not options.verbose:
                tf.get_logger().setLevel("ERROR")
        if "bfloat16" in config.values_of("precision"):
            warn_of_bfloat16()
        if place():  # the chief shows what there is to see
            outputs.enter_context(contextlib.redirect_stdout(io.StringIO()))
        yield 0 if options.quiet else 1 if sys.stdout.isatty() else 2


def about(config: Any) -> str:
    """Model and data, in words."""
    return f"model {config.model} on {config.dataset}"


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
    first, second = config.all_variants if config.against is None else (config.against, "a new run")
    trainings = f"{count(config.trainings, 'training')} of {count(config.epochs, 'epoch')}"
    purpose = f"Comparing {first} and {second}: {trainings}, {about(config)}"
    with tensorflow_for(options, config, purpose) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.comparison.compare import compare

        result = compare(config, resume=options.resume, verbose=verbose, notebook=options.notebook)
        if not options.quiet:
            print()
        terminal.show_verdict(result)
        if result.equivalence:
            terminal.show_means(result)
        elif not options.quiet:
            terminal.show_runs(result)
        terminal.show_test(result)
        if result.speed:
            terminal.show_speed(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    return int(options.require_identical and result.verdict != "identical")


def run_train(options: Namespace) -> int:
    """Runs `vgg-keras train`."""
    config = make_config(TrainConfig, options)
    epochs = count(config.epochs, "epoch")
    purpose = f"Training with {config.trainer}: {epochs}, {about(config)}"
    with tensorflow_for(options, config, purpose) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.training.run import train

        result = train(config, resume=options.resume, verbose=verbose, notebook=options.notebook)
        if not options.quiet:
            terminal.show_runs(result)
        terminal.show_test(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    return 0


def run_search(options: Namespace) -> int:
    """Runs `vgg-keras search`."""
    config = make_config(SearchConfig, options)
    alone = not (options.join and (options.resume or options.chief))
    require(alone, "--join", "neither --resume nor --chief beside it", "one of them")
    if config.workers != 1:
        from vgg_keras.runtime.startup import own_environment
        from vgg_keras.tuning.workers import prepare_processes

        own_environment()
        prepare_processes()  # while this one imports TensorFlow too
    trials = "trials" if config.algorithm == "hyperband" else count(config.trials, "trial")
    trials += f" of {count(config.epochs, 'epoch')}"
    purpose = f"Searching for the best {config.objective}: {trials}, {about(config)}"
    if options.join:
        purpose = f"Running trials for {options.join}"
    with tensorflow_for(options, config, purpose) as verbose:
        from vgg_keras.cli import terminal
        from vgg_keras.tuning.join import join
        from vgg_keras.tuning.search import search

        if options.join:
            join(config, options.join, verbose)
            return 0
        result = search(config, resume=options.resume, verbose=verbose, chief=options.chief)
        if not options.quiet:
            terminal.show_trials(result)
        terminal.show_best(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    return 0 if result.best else 3


def run_benchmark(options: Namespace) -> int:
    """Runs `vgg-keras benchmark`."""
    config = make_config(BenchmarkConfig, options)
    variants = ", ".join(config.all_variants)
    purpose = f"Timing {variants} in alternation: {count(config.rounds, 'round')}, {about(config)}"
    with tensorflow_for(options, config, purpose) as verbose:
        from vgg_keras.benchmarking.benchmark import benchmark
        from vgg_keras.cli import terminal

        result = benchmark(config, verbose=verbose)
        terminal.show_timings(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    undecided = any(ratio.verdict == "undecided" for ratio in result.ratios)
    return 3 if undecided and not config.recording else 0


def run_diagnose(options: Namespace) -> int:
    """Runs `vgg-keras diagnose`."""
    config = make_config(DiagnoseConfig, options)
    purpose = f"Diagnosing {config.loop or config.model}: {about(config)}"
    with tensorflow_for(options, config, purpose):
        from vgg_keras.cli import terminal
        from vgg_keras.diagnosis.diagnose import diagnose

        result = diagnose(config)
        terminal.show_diagnosis(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    return {"identical": 0, "diverges": 1}.get(result.verdict, 3)


def run_evaluate(options: Namespace) -> int:
    """Runs `vgg-keras evaluate`."""
    with tensorflow_for(options, RunConfig(), f"Evaluating {options.path}"):
        from vgg_keras.cli import terminal
        from vgg_keras.training import inference

        given = {name: options[name] for name in ("model", "dataset", "limit", "batch_size")}
        tests = inference.evaluate(options.path, **given)
        total = next(iter(tests.values())).total
        kept = {name: given[name] for name in ("dataset", "limit")}
        print(f"Data: {total} test images of {inference.run_config(options.path, **kept).dataset}")
        terminal.show_evaluations(tests)
    if options.json:
        show_json({path: test.to_dict() for path, test in tests.items()})
    return 0


def run_predict(options: Namespace) -> int:
    """Runs `vgg-keras predict`."""
    purpose = f"Classifying {count(len(options.images), 'image')} by {options.path}"
    with tensorflow_for(options, RunConfig(), purpose):
        from vgg_keras.cli import terminal
        from vgg_keras.training import inference

        rows = inference.predict(options.path, options.images, model=options.model)
        predictions = dict(zip(map(str, options.images), rows, strict=True))
        if not options.quiet:
            terminal.show_pictures(predictions)
        terminal.show_predictions(predictions, inference.SURE)
    if options.json:
        for row in rows:
            del row["picture"]
        show_json(predictions)
    return 0


def run_report(options: Namespace) -> int:
    """Runs `vgg-keras report`."""
    from vgg_keras.reporting.write import write_report

    file = write_report(options.path)
    print(json.dumps({"report": str(file)}) if options.json else f"Written: {file}")
    return 0


def make_config(kind: type[Config], options: Namespace) -> Config:
    """Makes a configuration of the options that there are for it.

    Raises:
        InputError: If a value cannot be used.
    """
    names = [field.name for field in dataclasses.fields(kind) if field.name in options]
    values = {name: options[name] for name in names}
    if origin := options.get("from"):
        from vgg_keras.training.design import design_of

        defaults = {field.name: field.default for field in dataclasses.fields(kind)}
        design = {k: v for k, v in design_of(origin).items() if values[k] == defaults[k]}
        values |= design
    return kind.from_dict(values)


def show_json(value: dict[str, Any]) -> None:
    """Prints a result on standard output."""
    from vgg_keras.runs.files import json_values

    if place() == 0:
        print(json.dumps(json_values(value), allow_nan=False))


RESUME = Option(
    "--resume", "Go on with the run of that --name, which was interrupted.", bool, False
)
NOTEBOOK = Option(
    "--notebook",
    "Print each epoch in the notebook's line, beside the one that it published.",
    bool,
    False,
)
LOCAL_WORKERS = Option(
    "--local-workers",
    "Start so many processes on this machine for --strategy multiworker, instead of TF_CONFIG.",
    int | None,
)
QUICK = Option("--quick", "Change defaults to --limit 6000 --epochs 2.", bool, False)
FROM = Option("--from", "Folder of a run, such as that of a search, whose design is taken over.")
MODEL = Option(
    "--model", "As in vgg-keras train, for a model of your own; default that of the run."
)

COMMANDS = {
    "compare": Command(
        "train in two ways and compare them to the last bit",
        run_compare,
        CompareConfig,
        (
            QUICK,
            RESUME,
            NOTEBOOK,
            FROM,
            LOCAL_WORKERS,
            Option(
                "--require-identical",
                "Exit with 1 if the trainers are not identical to the last bit.",
                bool,
                False,
            ),
        ),
        (
            "vgg-keras compare --quick",
            "vgg-keras compare --variants tape,fit:bfloat16 --seeds 5",
            "vgg-keras compare --model my.py:make_model --variants mine=my.py:loop,fit",
        ),
    ),
    "train": Command(
        "train with one trainer",
        run_train,
        TrainConfig,
        (QUICK, RESUME, NOTEBOOK, FROM, LOCAL_WORKERS),
        (
            "vgg-keras train --quick",
            "vgg-keras train --trainer fit --model vgg11 --dataset cifar10 --epochs 10",
            "vgg-keras train --config logs/train/NAME/config.json --resume",
        ),
    ),
    "search": Command(
        "search filter counts, or what a function of your own chooses, with KerasTuner",
        run_search,
        SearchConfig,
        (
            Option("--resume", "Go on with the search of that --name.", bool, False),
            Option("--chief", "HOST:PORT where workers of other machines may ask for trials."),
            Option("--join", "HOST:PORT of the chief of a search to run trials for."),
        ),
        (
            "vgg-keras search --trials 10 --limit 6000 --epochs 1 --workers auto",
            "vgg-keras search --filters-choices 16,32,64 --blocks-choices 1,2",
            "vgg-keras search --model my.py:make_model --algorithm hyperband",
        ),
    ),
    "benchmark": Command(
        "time ways of training in alternation",
        run_benchmark,
        BenchmarkConfig,
        (LOCAL_WORKERS,),
        (
            "vgg-keras benchmark",
            "vgg-keras benchmark --variants tape,bare-tape,fit,bare-fit,matmul",
            "vgg-keras benchmark --recording",
        ),
    ),
    "diagnose": Command(
        "find out why a training loop does not give what fit gives",
        run_diagnose,
        DiagnoseConfig,
        (),
        ("vgg-keras diagnose --model my.py:make_model --loop my.py:train",),
    ),
    "evaluate": Command(
        "measure saved models on test images",
        run_evaluate,
        None,
        (
            Option("path", "A .keras file, or a run directory.", Path),
            Option("--dataset", "As in vgg-keras train; default that of the run, or mnist."),
            Option("--limit", "As in vgg-keras train; default that of the run.", int | None),
            MODEL,
            Option("--batch-size", "Images a step.", int, 32),
        ),
        ("vgg-keras evaluate logs/compare/NAME",),
    ),
    "report": Command(
        "write report.html of a run again",
        run_report,
        None,
        (Option("path", "A run directory.", Path),),
        ("vgg-keras report logs/compare/NAME",),
    ),
    "predict": Command(
        "classify image files",
        run_predict,
        None,
        (
            Option("path", "A .keras file, or the directory of one run.", Path),
            Option("images", "Image files.", Path, nargs="+"),
            MODEL,
        ),
        ("vgg-keras predict logs/train/NAME digit.png",),
    ),
}
