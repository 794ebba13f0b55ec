"""Plots images a second against the batch size and the width of the model, on one core and on all.

`python scripts/measure/scaling.py scripts/pictures/scaling.png` runs `vgg-keras benchmark` for
each: the tape trainer beside products of matrices with as many operations, also in bfloat16 where
the processor has instructions for it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vgg_keras.runtime.machine import lacks_bfloat16

BATCH_SIZES = (16, 32, 64, 128, 256, 512, 1024)
WIDTHS = (8, 16, 32, 64, 128)
IMAGES_A_BLOCK = 320
COLORS = {"float32": "#0072B2", "bfloat16": "#D55E00"}
MARKERS = {"tape": "o", "matmul": ""}


def measure(
    cores: list[int], batch_size: int = 32, width: int = 32
) -> dict[tuple[str, str], float]:
    """Times all variants in a process that may use some cores.

    Args:
        cores: Their numbers.
        batch_size: Images a step.
        width: Filters of the first block; the second has twice as many.

    Returns:
        Images a second of each variant and precision.
    """
    precisions = [
        precision for precision in COLORS if precision == "float32" or not lacks_bfloat16()
    ]
    variants = [(name, precision) for precision in precisions for name in MARKERS]
    steps = max(1, round(IMAGES_A_BLOCK / batch_size * (32 / width) ** 2))
    options = {
        "variants": ",".join(":".join(variant) for variant in variants),
        "rounds": 5,
        "steps": steps,
        "batch-size": batch_size,
        "filters": f"{width},{2 * width}",
    }
    command = [sys.executable, "-m", "vgg_keras", "benchmark", "--json", "--quiet"]
    with tempfile.TemporaryDirectory() as logs:
        done = subprocess.run(
            [*command, "--logdir", logs, *(f"--{name}={value}" for name, value in options.items())],
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    if done.returncode not in (0, 3):  # 3: which of two is faster is undecided
        raise SystemExit(done.stderr)
    (group,) = json.loads(done.stdout)["groups"]
    rates = [timed["images_per_second"] for timed in group["timed"]]
    print(f"{len(cores)} cores, batches of {batch_size}, filters {options['filters']}:", end="")
    for variant, rate in zip(variants, rates, strict=True):
        print(f" {' '.join(variant)} {rate:.0f}", end="")
    print(" images a second", flush=True)
    return dict(zip(variants, rates, strict=True))


def draw(axes: Axes, name: str, sizes: tuple[int, ...], all_cores: list[int]) -> None:
    """Measures and draws one quantity.

    Args:
        axes: Axes to draw into.
        name: Argument of `measure` that is changed.
        sizes: Its values.
        all_cores: Cores of the machine.
    """
    for cores in (all_cores, all_cores[:1]):
        rates = [measure(cores, **{name: size}) for size in sizes]
        for name_of, precision in rates[0]:
            axes.plot(
                sizes,
                [rate[name_of, precision] for rate in rates],
                color=COLORS[precision],
                marker=MARKERS[name_of],
                linewidth=2 if name_of == "tape" else 1,
                linestyle="-" if len(cores) > 1 else "--",
                label=f"{name_of}, {precision}, {len(cores)} core{'s' * (len(cores) > 1)}",
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
