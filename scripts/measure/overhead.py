"""What the commands cost beside two bare scripts that do the same training.

Runs `bare.py tape`, `bare.py fit`, `vgg-keras train` with each trainer and `vgg-keras compare`
one after the other, each as a process of its own, and prints the ratios of whole wall times, of the
times to the end of the first epoch, and of peak memory.

Usage, from the root of a checkout: `python scripts/measure/overhead.py --epochs 5 --rounds 1`;
with `--epochs 1 --limit 32` the first epoch is one step, so that start-up is compared.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple


class Usage(NamedTuple):
    """What a process took."""

    seconds: float
    first_epoch_seconds: float
    peak_bytes: int

    def __str__(self) -> str:
        first = f"first epoch after {self.first_epoch_seconds:.1f} s"
        return f"{self.seconds:.1f} s, {first}, {self.peak_bytes / 2**20:.0f} MiB"


def measure(*arguments: str) -> Usage:
    """Runs a Python process to its end.

    Args:
        *arguments: Arguments of the interpreter.

    Returns:
        Seconds on the wall until its end and until it printed the first test loss, and the peak of
        its resident memory in bytes.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"TF_ENABLE_ONEDNN_OPTS": "1", **os.environ},  # as the program has it
    )
    assert process.stdout
    epochs = [time.perf_counter() for line in process.stdout if "val_loss" in line]
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(time.perf_counter() - began, epochs[0] - began, usage.ru_maxrss * unit)


def main() -> None:
    """Prints a line for each measurement, and a table of ratios."""
    parser = argparse.ArgumentParser(description="Costs beside two bare scripts.")
    parser.add_argument("--epochs", default="5")
    parser.add_argument("--limit", default="60000")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()

    size = ["--epochs", options.epochs, "--limit", options.limit, "--logdir"]
    ours = {
        "train --trainer tape": ["tape"],
        "train --trainer fit": ["fit"],
        "compare": ["tape", "fit"],
    }
    ratios: dict[str, list[tuple[float, ...]]] = {name: [] for name in ours}
    for _ in range(options.rounds):
        bare = {
            name: measure("scripts/measure/bare.py", name, options.epochs, options.limit)
            for name in ("tape", "fit")
        }
        for name, usage in bare.items():
            print(f"bare {name}: {usage}", flush=True)
        for name, beside in ours.items():
            with tempfile.TemporaryDirectory() as logs:
                usage = measure("-m", "vgg_keras", *name.split(), *size, logs)
            print(f"{name}: {usage}", flush=True)
            seconds = usage.seconds / sum(bare[script].seconds for script in beside)
            first = usage.first_epoch_seconds / bare[beside[0]].first_epoch_seconds
            memory = usage.peak_bytes / max(bare[script].peak_bytes for script in beside)
            ratios[name].append((seconds, first, memory))
    print(f"Beside the bare scripts, median of {options.rounds} rounds, lowest and highest:")
    for name, rounds in ratios.items():
        kinds = ("wall time", "time to the end of the first epoch", "peak memory")
        for what, values in zip(kinds, zip(*rounds, strict=True), strict=True):
            spread = f"{min(values):.3f} to {max(values):.3f}"
            print(f"{name}: {what} {statistics.median(values):.3f} ({spread})")


if __name__ == "__main__":
    main()
