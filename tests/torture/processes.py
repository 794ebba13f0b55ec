"""The processes that `--local-workers` starts."""

import json
import subprocess
from pathlib import Path


def workers_of(process: subprocess.Popen) -> dict[int, int]:
    """The process numbers of the workers that a process has started, by their indices."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        variables = dict(entry.split(b"=", 1) for entry in environment if b"=" in entry)
        if variables.get(b"VGG_KERAS_PARENT") == str(process.pid).encode():
            task = json.loads(variables[b"TF_CONFIG"])["task"]
            found[task["index"]] = int(folder.name)
    return found
