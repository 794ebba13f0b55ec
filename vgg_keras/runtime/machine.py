"""The facts of the machine that results depend on."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vgg_keras import __version__

PACKAGES = ("tensorflow", "keras", "keras-tuner", "tensorboard", "numpy")
CPU_FEATURES = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")


def environment() -> dict[str, Any]:
    """The versions and the machine that results depend on.

    Returns:
        Versions of Python and the packages, system, processor, its cores for this process and
        its instruction sets that TensorFlow uses, GPUs, and the setting of oneDNN (None if
        there is none).
    """
    from tensorflow import config

    fields = processor()
    flags = set(fields.get("flags", "").split())
    return {
        "python": platform.python_version(),
        "packages": {"vgg_keras": __version__} | {name: version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": fields.get("model name", platform.processor()),
        "cores": cores(),
        "cpu_features": [feature for feature in CPU_FEATURES if feature in flags],
        "gpus": [
            config.experimental.get_device_details(gpu).get("device_name", gpu.name)
            for gpu in config.list_physical_devices("GPU")
        ],
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
    }


def facts_of(environment: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an environment by name, each package among them."""
    machine = {name: value for name, value in environment.items() if name != "packages"}
    return {**machine, **environment["packages"]}


def processor() -> dict[str, str]:
    """What the system says of the processor, by name; empty if that is not known."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return {}
    lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def lacks_bfloat16() -> bool:
    """Whether the processor is known to have no instructions for bfloat16."""
    fields = processor()
    flags = fields.get("flags", fields.get("Features", "")).split()
    return bool(flags) and not {"avx512_bf16", "amx_bf16", "bf16"} & set(flags)


def cores() -> int:
    """The processor cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def memory_bytes() -> int:
    """The memory of the machine, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def peak_rss_bytes() -> int:
    """The most memory that this process has held so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
