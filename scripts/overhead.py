"""What the commands cost beside two bare scripts that do the same training.

Runs `bare.py tape`, `bare.py fit`, `vgg-keras train` with each trainer and `vgg-keras compare` in
turn, each as a process of its own, and prints the ratios of whole wall times and of peak memory.

Usage, from the root of a checkout: `python scripts/overhead.py --epochs 5 --rounds 1`;
with `--epochs 1 --limit 32` it is start-up that is compared.
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

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.peak_bytes / 2**20:.0f} MiB"


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
    ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in ours}
    for _ in range(options.rounds):
        bare = {
            name: measure("scripts/bare.py", name, options.epochs, options.limit)
            for name in ("tape", "fit")
        }
        for name, usage in bare.items():
            print(f"bare {name}: {usage}", flush=True)
        for name, beside in ours.items():
            with tempfile.TemporaryDirectory() as logs:
                usage = measure("-m", "vgg_keras", *name.split(), *size, logs)
            print(f"{name}: {usage}", flush=True)
            seconds = usage.seconds / sum(bare[script].seconds for script in beside)
            memory = usage.peak_bytes / max(bare[script].peak_bytes for script in beside)
            ratios[name].append((seconds, memory))
    print(f"Beside the bare scripts, median of {options.rounds} rounds, lowest and highest:")
    for name, pairs in ratios.items():
        for what, values in zip(
            ("wall time", "peak memory"), zip(*pairs, strict=True), strict=True
        ):
            spread = f"{min(values):.3f} to {max(values):.3f}"
            print(f"{name}: {what} {statistics.median(values):.3f} ({spread})")


if __name__ == "__main__":
    main()
