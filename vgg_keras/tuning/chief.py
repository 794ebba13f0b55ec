"""KerasTuner's chief: one oracle that workers ask for trials over gRPC."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc

from vgg_keras.errors import InputError, require
from vgg_keras.runtime.compat import serve_oracle
from vgg_keras.tuning.oracles import Durable

REACH_SECONDS = 30
CALL_SECONDS = 60


class Address(NamedTuple):
    """Where a chief listens."""

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


class Chief:
    """Serves an oracle from one thread, which alone changes it.

    Args:
        oracle: Oracle to serve.
        address: Address to listen at; None for a free port of this machine's loopback.

    Attributes:
        address: Address where it listens.

    Raises:
        InputError: If the port is in use or the host is not this machine.
    """

    def __init__(self, oracle: Durable, address: Address | None):
        host, port = address or ("127.0.0.1", 0)
        try:
            with socket.create_server((host, port)) as probe:
                port = probe.getsockname()[1]
        except OSError as error:
            raise InputError(
                f"--chief: expected a free port of this machine, received {address} "
                f"({error.strerror}); choose another port"
            ) from error
        self.address = Address(host, port)
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._server = grpc.server(self._thread, options=[("grpc.so_reuseport", 0)])
        self._server.add_insecure_port(str(self.address))
        serve_oracle(oracle, self._server)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answers inside a `with`."""
        self._server.start()
        try:
            yield
        finally:
            self._server.stop(grace=1).wait()
            self._thread.shutdown()

    def call(self, change: Callable[..., Any], *arguments: Any) -> Any:
        """Changes the oracle from the thread that serves it."""
        return self._thread.submit(change, *arguments).result(CALL_SECONDS)


def check_chief(address: Address) -> None:
    """Waits for the answer of a chief.

    Raises:
        InputError: If there is none in time.
    """
    with grpc.insecure_channel(str(address)) as channel:
        try:
            grpc.channel_ready_future(channel).result(REACH_SECONDS)
        except grpc.FutureTimeoutError as error:
            raise InputError(
                f"--join: expected a chief at {address}, received no answer in {REACH_SECONDS} s; "
                "start it with --chief"
            ) from error
