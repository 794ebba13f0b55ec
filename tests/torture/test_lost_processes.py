"""A training by several processes, one of which is killed."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from clusters import LIMIT_SECONDS, SMALL, by_hand, start
from processes import workers_of

pytestmark = pytest.mark.slow


def line_of(process):
    """The last line of a process that failed."""
    _, errors = process.communicate(timeout=LIMIT_SECONDS)
    return process.returncode, errors.splitlines()[-1]


def wait_until(happened):
    deadline = time.monotonic() + LIMIT_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path):
    process = start(tmp_path, "train", "--local-workers", "2")
    wait_until(lambda: len(workers_of(process)) == 2)
    workers = workers_of(process).values()
    process.kill()
    process.communicate()
    wait_until(lambda: not any(Path("/proc", str(worker)).exists() for worker in workers))


def test_a_run_of_which_a_process_was_killed_goes_on_with_the_same_bits(of_two, tmp_path):
    training = ["train", "--epochs", "3", "--save-every", "2"]
    process = start(tmp_path, *training, "--local-workers", "2")
    wait_until((tmp_path / "logs" / "train" / "a" / "state.npz").exists)
    os.kill(workers_of(process)[1], signal.SIGKILL)
    began = time.monotonic()
    status, line = line_of(process)
    assert (status, time.monotonic() - began < 60) == (3, True)
    assert "worker 1 at 127.0.0.1:" in line

    place = ["--logdir", tmp_path / "logs", "--name", "a", "--json"]
    (output, errors), _ = by_hand("-m", "vgg_keras", *training, *SMALL, *place, "--resume")
    assert output, errors
    (run,) = json.loads(output)["runs"]
    result, _ = of_two
    whole = result["runs"][0]
    for part in ("digests", "history", "cumulative", "test"):
        assert run[part] == whole[part]
