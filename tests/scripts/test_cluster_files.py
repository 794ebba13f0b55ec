"""The job files for searches over machines, with processes on loopback in the machines' place."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CLUSTER = Path(__file__).parents[2] / "scripts" / "cluster"
LIMIT_SECONDS = 300
STUBS = {
    "vgg-keras": f'exec {sys.executable} -m vgg_keras "$@"',
    "scontrol": "echo 127.0.0.1",
    "srun": 'shift 2; SLURM_PROCID=1 "$@" & SLURM_PROCID=0 "$@" && wait $!',
}


@pytest.fixture
def environment(tmp_path):
    """The environment of the files: a search of two trials, and commands that a cluster has."""
    for name, line in STUBS.items():
        stub = tmp_path / "bin" / name
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(f"#!/bin/sh\n{line}\n")
        stub.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    return {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "LOGS": str(tmp_path / "logs"),
        "NAME": "wide",
        "PORT": port,
        "CHIEF": f"127.0.0.1:{port}",
        "WORKERS": "0",  # of the chief; whoever joins it has one at least
        "OPTIONS": "--trials 2 --epochs 1 --limit 200 --filters-choices 2,4",
    }


def assert_ended_well(environment):
    result = json.loads(Path(environment["LOGS"], "search", "wide", "result.json").read_text())
    assert result["status"] == "finished"
    assert len(result["trials"]) == 2


@pytest.mark.slow
def test_a_search_by_slurm(environment):
    subprocess.run(
        ["sh", CLUSTER / "search.slurm"],
        env={**environment, "SLURM_JOB_ID": "1", "SLURM_JOB_NODELIST": "node[1-2]"},
        timeout=LIMIT_SECONDS,
        check=True,
    )
    assert_ended_well(environment)


@pytest.mark.slow
def test_a_search_by_kubernetes(environment):
    service, job = yaml.safe_load_all((CLUSTER / "search.kubernetes.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    names = {entry["name"]: entry["value"] for entry in container["env"]}
    assert set(names) <= set(environment)
    first = f"{job['metadata']['name']}-0.{service['metadata']['name']}:5000"
    assert names["CHIEF"] == first
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    pods = [
        subprocess.Popen(
            container["command"], env={**environment, "JOB_COMPLETION_INDEX": str(index)}
        )
        for index in range(2)
    ]
    assert [pod.wait(LIMIT_SECONDS) for pod in pods] == [0, 0]
    assert_ended_well(environment)
