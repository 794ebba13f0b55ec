"""Plots images a second against the batch size and the width of the model, on one core and more.

`python scripts/scaling.py scripts/pictures/scaling.png` runs `vgg-keras benchmark` for each, with
the tape trainer in float32 and in bfloat16 beside each other.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

from matplotlib.axes import Axes
from matplotlib.figure import Figure

BATCH_SIZES = (16, 32, 64, 128, 256, 512, 1024)
WIDTHS = (8, 16, 32, 64, 128)
IMAGES_A_TURN = 640
LOOKS = {"float32": ("#0072B2", "o"), "bfloat16": ("#D55E00", "s")}


def measure(cores: list[int], batch_size: int = 32, width: int = 32) -> dict[str, float]:
    """Times both precisions in a process that may use some cores.

    Args:
        cores: their numbers.
        batch_size: images a step.
        width: filters of the first block; the second has twice as many.

    Returns:
        Images a second of each precision.
    """
    command = [sys.executable, "-m", "vgg_keras", "benchmark", "--json", "--quiet"]
    command += ["--variants", "tape:bfloat16,tape", "--rounds", "5"]
    command += [
        "--batch-size",
        str(batch_size),
        "--steps",
        str(max(1, IMAGES_A_TURN // batch_size)),
    ]
    command += ["--filters", f"{width},{2 * width}"]
    with tempfile.TemporaryDirectory() as logs:
        done = subprocess.run(
            [*command, "--logdir", logs],
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    if done.returncode not in (0, 3):  # 3: which precision is faster is undecided
        raise SystemExit(done.stderr)
    (heat,) = json.loads(done.stdout)["heats"]
    low, full = (contestant["images_per_second"] for contestant in heat["contestants"])
    print(
        f"cores {len(cores)}, batch {batch_size}, filters {width},{2 * width}: "
        f"float32 {full:.0f}, bfloat16 {low:.0f} images a second",
        flush=True,
    )
    return {"float32": full, "bfloat16": low}


def draw(axes: Axes, name: str, sizes: tuple[int, ...], all_cores: list[int]) -> None:
    """Measures and draws one quantity.

    Args:
        axes: to draw into.
        name: of the argument of `measure` that is changed.
        sizes: its values.
        all_cores: of the machine.
    """
    for cores in ([all_cores[0]], all_cores):
        rates = [measure(cores, **{name: size}) for size in sizes]
        for precision, (color, marker) in LOOKS.items():
            axes.plot(
                sizes,
                [rate[precision] for rate in rates],
                color=color,
                marker=marker,
                linestyle="-" if len(cores) > 1 else "--",
                label=f"{precision}, {len(cores)} core{'s' * (len(cores) > 1)}",
            )
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.grid(alpha=0.3)


def main() -> None:
    """Measures, and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    figure = Figure((10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw(left, "batch_size", BATCH_SIZES, cores)
    left.set(xlabel="Batch size", ylabel="Images a second", ylim=(0, None))
    left.legend()
    draw(right, "width", WIDTHS, cores)
    right.set(xlabel="Filters of the first block, batch size 32", yscale="log")
    figure.savefig(options.picture, dpi=110)


if __name__ == "__main__":
    main()
