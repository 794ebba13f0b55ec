"""Kills trainings with SIGKILL at random moments, resumes them, and checks that nothing was lost.

`python tests/torture/kill_training.py --kills 20`.

The trainers alternate. Every other kill comes inside
a save: when half of the state is written, or before one of the two renames that follow. With
`--local-workers` several processes train together, and at each random moment one of them is killed.
A resumed training must end with the digests, figures and curves of one that was not disturbed. Exit
status 1 if one does not.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from processes import workers_of
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util.tensor_util import make_ndarray

TRAINERS = ("tape", "fit")
TRAINING = ["train", "--limit", "1200", "--epochs", "3", "--filters", "4,8", "--quiet"]
TRAINING += ["--update-freq", "batch", "--save-every", "10"]
SAVES = 3 * 4
TIMED = ("epoch_images_per_second", "epoch_step_seconds", "result/seconds")
LIMIT_SECONDS = 180
PLACES = ("half written", "before the first rename", "before the second rename")

DIES_IN_A_SAVE = """
import io, os, pathlib, signal, sys
import numpy as np
from vgg_keras import cli

place, save, *arguments = sys.argv[1:]
save, saves, savez = int(save), 0, np.savez

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def savez_or_die(file, *arrays, **options):
    global saves
    saves += 1
    if saves == save and place == "half written":
        whole = io.BytesIO()
        savez(whole, *arrays, **options)
        file.write(whole.getvalue()[: len(whole.getvalue()) // 2])
        file.flush()
        die()
    savez(file, *arrays, **options)

def watch(event, details):
    if event == "os.rename" and saves == save:
        target = pathlib.Path(os.fsdecode(details[1])).name
        if target == {"before the first rename": "state-previous.npz",
                      "before the second rename": "state.npz"}.get(place):
            die()

np.savez = savez_or_die
sys.addaudithook(watch)
sys.exit(cli.main(arguments))
"""


def main() -> int:
    """Runs the trainings and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--local-workers", type=int, default=1)
    options = parser.parse_args()
    rng, workers = random.Random(options.seed), options.local_workers
    if workers > 1:
        TRAINING.extend(["--strategy", "multiworker", "--local-workers", str(workers)])
    with tempfile.TemporaryDirectory() as home:
        expected, lengths = {}, {}
        for trainer in TRAINERS:
            process = start(Path(home), trainer, trainer)
            began = wait_for_its_start(process, Path(home, "train", trainer))
            process.wait(LIMIT_SECONDS)
            lengths[trainer] = time.monotonic() - began
            expected[trainer] = outcome(Path(home, "train", trainer))
        passed = kills = 0
        while kills < options.kills:
            trainer, name = TRAINERS[kills // 2 % 2], f"killed-{kills}"
            directory = Path(home, "train", name)
            if kills % 2 and workers == 1:
                place, save = rng.choice(PLACES), rng.randint(2, SAVES)
                driver = ["-c", DIES_IN_A_SAVE, place, str(save)]
                process = start(Path(home), name, trainer, driver)
                details = f"in save {save}, {place}"
            else:
                process = start(Path(home), name, trainer)
                began = wait_for_its_start(process, directory)
                moment = rng.uniform(0, lengths[trainer])
                time.sleep(max(0, began + moment - time.monotonic()))
                details = f"after {moment:.1f} s"
                if workers == 1:
                    process.kill()
                elif process.poll() is None:
                    victim = rng.randrange(workers)
                    details += f", worker {victim}"
                    with contextlib.suppress(ProcessLookupError, KeyError):
                        os.kill(workers_of(process)[victim], signal.SIGKILL)
            if process.wait(LIMIT_SECONDS) == 0:  # it was faster
                shutil.rmtree(directory)
                continue
            kills += 1
            status = start(Path(home), name, trainer, more=["--resume"]).wait(LIMIT_SECONDS)
            well = status == 0 and outcome(directory) == expected[trainer]
            passed += well
            ending = "ended well" if well else f"LOST SOMETHING (exit status {status})"
            print(f"{name}: {trainer} killed {details}: {ending}", flush=True)
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} of {kills} trainings ended as if they had not been killed")
    return int(passed < kills)


def start(
    home: Path,
    name: str,
    trainer: str,
    program: list[str] | None = None,
    more: list[str] | None = None,
) -> subprocess.Popen:
    """Starts a training."""
    place = ["--logdir", str(home), "--name", name, "--trainer", trainer, *(more or [])]
    return subprocess.Popen(
        [sys.executable, *(program or ["-m", "vgg_keras"]), *TRAINING, *place],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for_its_start(process: subprocess.Popen, directory: Path) -> float:
    """Waits until a training has written its first file, and returns the time."""
    while process.poll() is None and not (directory / "result.json").exists():
        time.sleep(0.05)
    return time.monotonic()


def outcome(directory: Path) -> Any:
    """All that must not depend on a kill: figures, digests, curves, and that no state is left."""
    (run,) = json.loads((directory / "result.json").read_text())["runs"]
    figures = [run[part] for part in ("digests", "history", "cumulative", "test", "mistakes")]
    return figures, curves(directory), list(directory.glob("*state*"))


def curves(directory: Path) -> list[tuple[str, str, int, float | None]]:
    """Every point of every event file: folder, tag, step, and value if it is a scalar."""
    return sorted(
        (path.parent.name if path.parent != directory else "", value.tag, event.step, scalar(value))
        for path in directory.rglob("events.out.tfevents.*")
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    )


def scalar(value: Any) -> float | None:
    """The value of a scalar, 0 of what a clock measured, None of anything else."""
    if value.metadata.plugin_data.plugin_name != "scalars":
        return None
    return 0.0 if value.tag in TIMED else make_ndarray(value.tensor).item()


if __name__ == "__main__":
    raise SystemExit(main())
