"""Times a step of several processes of one thread against one process of as many threads.

`python scripts/measure/multiworker.py --processes 2 --batch-size 128`. The two ways alternate, each
in processes of its own, so that whatever else the machine does affects both alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile

TRAINERS = ("tape", "fit")


def main() -> None:
    """Prints the ratio of each trainer, and the seconds of a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    shared = ["--strategy", "multiworker", "--local-workers", str(options.processes)]
    rounds = [
        (step_seconds(options.batch_size, []), step_seconds(options.batch_size, shared))
        for _ in range(options.rounds)
    ]
    for trainer in TRAINERS:
        alone, several = (
            [seconds[trainer] for seconds in way] for way in zip(*rounds, strict=True)
        )
        ratios = [b / a for a, b in zip(alone, several, strict=True)]
        print(
            f"{trainer}: one process {statistics.median(alone):.4f} s a step, "
            f"{options.processes} processes {statistics.median(several):.4f} s; ratio "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )


def step_seconds(batch_size: int, strategy: list[str]) -> dict[str, float]:
    """The median time of a step of each trainer, in a benchmark of its own."""
    with tempfile.TemporaryDirectory() as logs:
        command = ["benchmark", "--variants", ",".join(TRAINERS), "--batch-size", str(batch_size)]
        command += ["--rounds", "5", "--steps", "5", "--json", "--quiet", "--logdir", logs]
        done = subprocess.run(
            [sys.executable, "-m", "vgg_keras", *command, *strategy], stdout=subprocess.PIPE
        )
    (group,) = json.loads(done.stdout)["groups"]
    return {timed["name"]: statistics.median(timed["call_seconds"]) for timed in group["timed"]}


if __name__ == "__main__":
    main()
