"""KerasTuner's chief: one oracle that workers ask for trials over gRPC."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from vgg_keras.errors import InputError
from vgg_keras.runtime.cluster import Address
from vgg_keras.runtime.compat import serve_oracle
from vgg_keras.tuning.oracles import Durable

SERVICE, GREETING = "vgg_keras", "Greet"
"""What a worker calls first."""

REACH_SECONDS = 30
CALL_SECONDS = 60


class OwnWorkers(grpc.ServerInterceptor):
    """Refuses calls of all but the workers of one search.

    Attributes:
        identity: Identity of the search, which its workers name in every call.
    """

    identity = ""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler | None],
        details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler | None:
        """Passes a call on, or refuses it."""
        agent = str(dict(details.invocation_metadata).get("user-agent"))
        if not (self.identity and agent.startswith(f"{self.identity} ")):
            return grpc.unary_unary_rpc_method_handler(_refuse)
        handler: Any = continuation(details)
        if handler is None or details.method.endswith("/UpdateSpace"):  # which no worker does
            return None

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return handler.unary_unary(request, context)
            except (InputError, OSError) as error:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

        return grpc.unary_unary_rpc_method_handler(
            answer, handler.request_deserializer, handler.response_serializer
        )


def _refuse(request: bytes, context: grpc.ServicerContext) -> None:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "it is the chief of another search")


def open_channel(address: Address, identity: str) -> grpc.Channel:
    """Opens a channel to a chief, which no proxy is for.

    Args:
        address: Address of the chief.
        identity: Identity of its search, which goes along as the user agent of every call.
    """
    options = [("grpc.enable_http_proxy", 0), ("grpc.primary_user_agent", identity)]
    return grpc.insecure_channel(str(address), options)


class Chief:
    """Serves an oracle from one thread, which alone changes it.

    Args:
        oracle: Oracle to serve.
        address: Address to listen at; None for a free port of this machine's loopback.

    Attributes:
        address: Address where it listens.
        workers: Whose calls it takes.

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
        self.workers = OwnWorkers()
        self._server = grpc.server(
            self._thread, interceptors=[self.workers], options=[("grpc.so_reuseport", 0)]
        )
        self._server.add_insecure_port(str(self.address))
        serve_oracle(oracle, self._server)
        answer: Any = grpc.unary_unary_rpc_method_handler(lambda request, context: b"")
        greeting = grpc.method_handlers_generic_handler(SERVICE, {GREETING: answer})
        self._server.add_generic_rpc_handlers((greeting,))

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


def check_chief(address: Address, identity: str) -> None:
    """Waits for the answer of the chief of a search.

    Args:
        address: Where it should be.
        identity: Identity of the search.

    Raises:
        InputError: If there is none in time, or it is that of another search.
    """
    silent = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
    with open_channel(address, identity) as channel:
        try:
            greet: Any = channel.unary_unary(f"/{SERVICE}/{GREETING}")
            greet(b"", timeout=REACH_SECONDS, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() in silent:
                raise InputError(
                    f"--join: expected a chief at {address}, received no answer in "
                    f"{REACH_SECONDS} s; start it with --chief"
                ) from error
            raise InputError(
                f"--join: expected the chief of the search of --config, received that of another "
                f"search at {address}; use the command that the chief has shown"
            ) from error
