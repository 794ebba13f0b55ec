"""What the comparison costs beside two bare scripts that do the same training.

Runs `vgg-keras compare`, `bare.py tape` and `bare.py fit` in turn, each as a process of its own,
and prints the ratios of whole wall times and of peak memory.

Usage, from the root of a checkout: `python scripts/overhead.py --epochs 5 --limit 60000 --rounds 1`
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
    peak_bytes: int


def measure(*arguments: str) -> Usage:
    """Runs a Python process to its end.

    Args:
        *arguments: of the interpreter.

    Returns:
        Seconds on the wall, and the peak of its resident memory in bytes.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(time.perf_counter() - began, usage.ru_maxrss * unit)


def main() -> None:
    """Prints a line a round, and the medians."""
    parser = argparse.ArgumentParser(description="Costs of compare beside two bare scripts.")
    parser.add_argument("--epochs", default="5")
    parser.add_argument("--limit", default="60000")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()

    ratios = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as logs:
            size = ["--epochs", options.epochs, "--limit", options.limit]
            ours = measure("-m", "vgg_keras", "compare", *size, "--logdir", logs)
        tape = measure("scripts/bare.py", "tape", options.epochs, options.limit)
        fit = measure("scripts/bare.py", "fit", options.epochs, options.limit)
        wall = ours.seconds / (tape.seconds + fit.seconds)
        memory = ours.peak_bytes / fit.peak_bytes
        ratios.append((wall, memory))
        print(
            f"compare {ours.seconds:.1f} s, {ours.peak_bytes / 2**20:.0f} MiB; "
            f"bare tape {tape.seconds:.1f} s, {tape.peak_bytes / 2**20:.0f} MiB; "
            f"bare fit {fit.seconds:.1f} s, {fit.peak_bytes / 2**20:.0f} MiB; "
            f"wall {wall:.3f} x the sum, memory {memory:.3f} x bare fit",
            flush=True,
        )
    for name, values in zip(("wall", "memory"), zip(*ratios, strict=True), strict=True):
        print(
            f"{name}: median {statistics.median(values):.3f}, "
            f"from {min(values):.3f} to {max(values):.3f} of {options.rounds} rounds"
        )


if __name__ == "__main__":
    main()
