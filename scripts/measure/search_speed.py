"""Times searches against one with plain KerasTuner in one process: same trials, same work.

`python scripts/measure/search_speed.py --trials 12 --limit 12000 --rounds 2`.

In each round, one after the other: plain KerasTuner in float32, and `vgg-keras search` in float32
and bfloat16 with one worker and more; each one a process of its own, timed as a whole, and ending
with the best design retrained on all images and tested.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time


def main() -> None:
    """Runs the rounds and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--limit", type=int, default=12000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="the most")
    parser.add_argument("--plain", metavar="FOLDER", help="only the search with plain KerasTuner")
    options = parser.parse_args()
    if options.plain:
        plain(options.trials, options.limit, options.plain)
        return
    size = ["--trials", str(options.trials), "--limit", str(options.limit)]
    ours = [sys.executable, "-m", "vgg_keras", "search", *size, "--epochs", "1", "--quiet"]
    commands = {"plain KerasTuner": [sys.executable, __file__, *size, "--plain"]} | {
        f"{precision}, workers: {workers}": [
            *(*ours, "--precision", precision, "--workers", str(workers), "--logdir")
        ]
        for precision in ("float32", "bfloat16")
        for workers in range(1, options.workers + 1)
    }
    environment = {"TF_ENABLE_ONEDNN_OPTS": "1", **os.environ}  # as the program has it
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(options.rounds):
        for name, command in commands.items():
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                done = subprocess.run(
                    [*command, folder], capture_output=True, text=True, env=environment
                )
                seconds[name].append(time.perf_counter() - began)
            if done.returncode:
                raise SystemExit(f"{name} failed:\n{done.stderr}")
            print(f"round {number + 1}, {name}: {seconds[name][-1]:.1f} s", flush=True)
    print("Median of the rounds, lowest and highest")
    for name, times in seconds.items():
        rate = 60 * options.trials / statistics.median(times)
        ratios = [a / b for a, b in zip(seconds["plain KerasTuner"], times, strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        ratio = f"{statistics.median(ratios):.2f} x plain ({spread})"
        print(f"{name:20s} {rate:6.1f} trials a minute, {ratio}")


def plain(trials: int, limit: int, folder: str) -> None:
    """Searches with KerasTuner alone."""
    import keras
    import keras_tuner

    from vgg_keras import VGG, SearchConfig, load_dataset
    from vgg_keras.datasets import hold_out
    from vgg_keras.tuning.oracles import make_oracle
    from vgg_keras.tuning.space import declare

    config = SearchConfig()
    arrays = load_dataset("mnist", limit)
    parts, _ = hold_out(arrays, config.validation_split, config.seed)
    choices = list(config.filters_choices)

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        counts = [hp.Choice(f"filters_{n}", choices, ordered=True, default=8) for n in (1, 2)]
        model = VGG([(count, count) for count in counts])
        model.build((None, 28, 28, 1))
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    oracle = make_oracle(config, declare(config))
    tuner = keras_tuner.RandomSearch(
        build,
        "val_accuracy",
        trials,
        seed=oracle.seed,
        directory=folder,
    )
    batches = parts.batches(32)
    tuner.search(batches.train, validation_data=batches.test, epochs=1, verbose=0)
    model = build(tuner.get_best_hyperparameters(1)[0])
    everything = arrays.tested_on(parts).batches(32)
    model.fit(everything.train, validation_data=everything.test, epochs=1, verbose=0)
    model.evaluate(arrays.batches(32).test, verbose=0)
    model.save(f"{folder}/best.keras")


if __name__ == "__main__":
    main()
