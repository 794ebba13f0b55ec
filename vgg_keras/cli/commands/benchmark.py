"""The command `benchmark`: what it does, and its options."""

from __future__ import annotations

from jsonargparse import Namespace

from vgg_keras.cli.commands.base import LOCAL_WORKERS, Command
from vgg_keras.cli.commands.execution import about, make_config, show_json, tensorflow_for
from vgg_keras.config import BenchmarkConfig
from vgg_keras.config.base import count


def run(options: Namespace) -> int:
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


COMMAND = Command(
    "time ways of training in alternation",
    run,
    BenchmarkConfig,
    (LOCAL_WORKERS,),
    (
        "vgg-keras benchmark",
        "vgg-keras benchmark --variants tape,bare-tape,fit,bare-fit,matmul",
        "vgg-keras benchmark --recording",
    ),
)
