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


def environment(home):
    """The environment of the files: a search of two trials, and commands that a cluster has."""
    for name, line in STUBS.items():
        stub = home / "bin" / name
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(f"#!/bin/sh\n{line}\n")
        stub.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    return {
        **os.environ,
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "LOGS": str(home / "logs"),
        "NAME": "wide",
        "PORT": port,
        "CHIEF": f"127.0.0.1:{port}",
        "WORKERS": "0",  # of the chief; whoever joins it has one at least
        "OPTIONS": "--trials 2 --epochs 1 --limit 200 --filters-choices 2,4",
    }


def kubernetes():
    """The service, the job, and the container that each pod runs."""
    service, job = yaml.safe_load_all((CLUSTER / "search.kubernetes.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return service, job, container


@pytest.fixture(scope="module")
def searches(tmp_path_factory):
    """The folders and the processes of a search by Slurm and of one by Kubernetes, all at once."""
    homes = {name: tmp_path_factory.mktemp(name) for name in ("slurm", "kubernetes")}
    slurm = {**environment(homes["slurm"]), "SLURM_JOB_ID": "1", "SLURM_JOB_NODELIST": "node[1-2]"}
    processes = {"slurm": [subprocess.Popen(["sh", CLUSTER / "search.slurm"], env=slurm)]}
    command, pod = kubernetes()[2]["command"], environment(homes["kubernetes"])
    processes["kubernetes"] = [
        subprocess.Popen(command, env={**pod, "JOB_COMPLETION_INDEX": str(index)})
        for index in range(2)
    ]
    return homes, processes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slurm", "kubernetes"])
def test_a_search_over_machines_ends_well(searches, name):
    homes, processes = searches
    assert {process.wait(LIMIT_SECONDS) for process in processes[name]} == {0}
    file = homes[name] / "logs" / "search" / "wide" / "result.json"
    result = json.loads(file.read_text())
    assert result["status"] == "finished"
    assert len(result["trials"]) == 2


def test_the_pods_of_kubernetes_find_their_chief(tmp_path):
    service, job, container = kubernetes()
    names = {entry["name"]: entry["value"] for entry in container["env"]}
    assert set(names) <= set(environment(tmp_path))
    first = f"{job['metadata']['name']}-0.{service['metadata']['name']}:5000"
    assert names["CHIEF"] == first
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
