"""The processes that train together: what `TF_CONFIG` says of them, checked at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from vgg_keras.errors import InputError, require

VARIABLE = "TF_CONFIG"
"""The environment variable in which TensorFlow's programs find the description."""

EXAMPLE = (
    '{"cluster": {"worker": ["10.0.0.1:5000", "10.0.0.2:5000"]}, '
    '"task": {"type": "worker", "index": 0}}'
)
JOBS = ("chief", "worker")


class Address(NamedTuple):
    """Where a process listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, option: str) -> Address:
        """Reads `HOST:PORT`.

        Raises:
            InputError: If it is something else; names the option.
        """
        host, _, port = text.rpartition(":")
        valid = bool(host) and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535
        require(valid, option, "HOST:PORT, such as 127.0.0.1:5000", text)
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Cluster:
    """The processes that train together.

    Attributes:
        tasks: Type and index of each of them; the first one is the chief.
        addresses: Where each of them listens.
        index: Which of them this process is, counted from 0.
    """

    tasks: tuple[tuple[str, int], ...]
    addresses: tuple[Address, ...]
    index: int

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Reads a description as TensorFlow's programs do.

        Args:
            text: Value of `TF_CONFIG`; None if it is not set.

        Raises:
            InputError: If it cannot be used.
        """
        require(bool(text), VARIABLE, f"{EXAMPLE}, or --local-workers 2", "none")
        try:
            config = json.loads(text or "", object_pairs_hook=_without_repetition)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{VARIABLE}: expected JSON, received {error}") from error
        config = _object(VARIABLE, config)
        jobs = _object(f"{VARIABLE}: cluster", config.get("cluster"))
        task = _object(f"{VARIABLE}: task", config.get("task"))
        known = bool(jobs) and set(jobs) <= {*JOBS}
        require(known, f"{VARIABLE}: cluster", f"of {' and '.join(JOBS)}", ", ".join(jobs) or "{}")
        tasks, addresses = [], []
        for job in sorted(jobs, key=JOBS.index):
            what, given = f"{VARIABLE}: cluster: {job}", jobs[job]
            listed = isinstance(given, list) and all(isinstance(text, str) for text in given)
            require(listed, what, "a list of HOST:PORT", json.dumps(given))
            addresses += [Address.parse(text, what) for text in given]
            tasks += [(job, index) for index in range(len(given))]
        repeated = next((a for a in addresses if addresses.count(a) > 1), None)
        once = repeated is None
        require(once, f"{VARIABLE}: cluster", "each address once", f"{repeated} more than once")
        chiefs, expected = len(jobs.get("chief", "1")), "one chief at most"
        require(chiefs == 1, f"{VARIABLE}: cluster: chief", expected, chiefs)
        expected = "two workers or more; one alone trains with --strategy none"
        require(len(tasks) > 1, f"{VARIABLE}: cluster", expected, len(tasks))
        names = [f"{job} {number}" for job, number in tasks]
        name = f"{task.get('type')} {task.get('index')}"
        require(name in names, f"{VARIABLE}: task", f"one of {', '.join(names)}", json.dumps(task))
        return cls(tuple(tasks), tuple(addresses), names.index(name))

    def name(self, index: int) -> str:
        """What a process is called in messages, such as `worker 1 at 10.0.0.2:5000`."""
        job, number = self.tasks[index]
        return f"{job} {number} at {self.addresses[index]}"


def description(addresses: list[str], index: int) -> str:
    """The value of `TF_CONFIG` for one of several workers."""
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


def _object(what: str, value: Any) -> dict[str, Any]:
    require(isinstance(value, dict), what, f"an object, as in {EXAMPLE}", json.dumps(value))
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"a name twice among {', '.join(name for name, _ in pairs)}")
    return dict(pairs)
