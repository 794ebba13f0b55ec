"""Small trainings by several processes that the tests share."""

import json
import os
import socket
import subprocess
import sys

from vgg_keras.runtime.cluster import description

# 69 images in batches of 16: the last batch, of 5, is shared unevenly.
SMALL = ["--strategy", "multiworker", "--limit", "69", "--filters", "2,4", "--batch-size", "16"]
LIMIT_SECONDS = 300


def start(home, *arguments):
    temporary = home / "temporary"
    temporary.mkdir(exist_ok=True)
    arguments = [*arguments, *SMALL, "--logdir", home / "logs", "--name", "a", "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "vgg_keras", *map(str, arguments)],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    """What a process has printed, whose exit status must be 0."""
    output, errors = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, errors
    return json.loads(output)


def by_hand(*arguments):
    """Runs Python in two processes that TF_CONFIG describes, the second one started first.

    Returns:
        What each has printed.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in (one, two)]
    one_thread = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env={**one_thread, "TF_CONFIG": description(addresses, index)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in (1, 0)
    ]
    return [process.communicate(timeout=LIMIT_SECONDS) for process in reversed(processes)]
