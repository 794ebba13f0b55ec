"""How the processes of a cluster connect, and what they exchange besides gradients.

All connect to the chief, before TensorFlow starts: it would wait forever for a process that is
missing or has another list of addresses.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import socket
import struct
import threading
import time
from multiprocessing.connection import Connection, wait

from vgg_keras.errors import InconclusiveError, InputError
from vgg_keras.runtime.cluster import VARIABLE, Address, Cluster

REACH_SECONDS = 40
"""How long processes wait for each other at the start."""

HELLO_SECONDS = 5
MESSAGE_SECONDS = 20
RETRY_SECONDS = 0.2
MOST_HELLO = 2**16
NOTICE_SECONDS = 2
PART, END = b"p", b"e"
"""What messages begin with: a part of an exchange, or the index of a process that has ended."""


class Peers:
    """The other processes of a cluster.

    Args:
        cluster: The cluster.
        seconds: How long to wait for them.

    Attributes:
        cluster: The same.

    Raises:
        InputError: If one does not come, or has another description.
    """

    def __init__(self, cluster: Cluster, seconds: float = REACH_SECONDS):
        self.cluster = cluster
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        with _listen(cluster.addresses[cluster.index]) as server:
            if cluster.index == 0:
                self._connections = self._welcome_all(server, seconds)
            else:
                self._connections = {0: self._call_chief(seconds)}
        self._sending = threading.Lock()
        self._arrived: dict[int, queue.SimpleQueue[bytes | None]] = {
            index: queue.SimpleQueue() for index in self._connections
        }
        threading.Thread(target=self._read, daemon=True).start()

    def exchange(self, part: bytes) -> list[bytes]:
        """Hands something in, and waits until the others have.

        Returns:
            What each process has handed in, in their order.

        Raises:
            InconclusiveError: If one has ended.
        """
        try:
            if self.cluster.index:
                self._send(0, PART + part)
                return [self._receive(0) for _ in self.cluster.tasks]
            parts = [part, *(self._receive(index) for index in sorted(self._connections))]
            for index in self._connections:
                for each in parts:
                    self._send(index, PART + each)
            return parts
        except OSError as error:
            raise self.loss() from error

    def loss(self, message: str = "") -> InconclusiveError:
        """What to say where a process has ended: names the first one.

        Args:
            message: What TensorFlow says, which notices that a machine gives no sign any more.
        """
        try:
            name = self.cluster.name(self._ended.get(timeout=NOTICE_SECONDS))
        except queue.Empty:
            found = re.search(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", message)
            task = (found[1], int(found[2])) if found else None
            tasks = self.cluster.tasks
            name = self.cluster.name(tasks.index(task)) if task in tasks else "a worker"
        return InconclusiveError(
            f"{name} has ended, so all do; start all of them again with --resume, to go on where "
            "the state was saved last"
        )

    def _welcome_all(self, server: socket.socket, seconds: float) -> dict[int, Connection]:
        cluster, deadline = self.cluster, time.monotonic() + seconds
        own = [str(address) for address in cluster.addresses]
        callers: list[Connection] = []
        met: dict[int, Connection] = {}
        reason = ""
        while not reason and len(met) < len(own) - 1:
            server.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                connection = _connection(server.accept()[0])
            except TimeoutError:
                missing = next(index for index in range(1, len(own)) if index not in met)
                reason = self._unreachable(missing, seconds)
                break
            hello = _hello(connection)
            if hello is None or not 0 < hello[0] < len(own):
                continue
            index, addresses = hello
            callers.append(connection)
            if addresses != own:
                expected = f"the cluster {', '.join(own)} in all processes"
                received = f"{', '.join(addresses)} in the one of index {index}"
                reason = f"{VARIABLE}: expected {expected}, received {received}"
            elif index in met:
                received = f"two processes of index {index}"
                reason = f"{VARIABLE}: expected each index once, received {received}"
            met[index] = connection
        for connection in callers:
            with contextlib.suppress(OSError):
                connection.send_bytes(reason.encode())
        if reason:
            raise InputError(reason)
        return met

    def _call_chief(self, seconds: float) -> Connection:
        cluster, deadline = self.cluster, time.monotonic() + seconds
        while True:
            left = max(deadline - time.monotonic(), 0.001)
            try:
                connection = _connection(socket.create_connection(cluster.addresses[0], left))
                break
            except OSError as error:
                if time.monotonic() + RETRY_SECONDS > deadline:
                    raise InputError(self._unreachable(0, seconds)) from error
                time.sleep(RETRY_SECONDS)
        try:
            hello = [cluster.index, [str(address) for address in cluster.addresses]]
            connection.send_bytes(json.dumps(hello).encode())
            if not connection.poll(seconds + HELLO_SECONDS):
                raise TimeoutError
            reason = connection.recv_bytes(MOST_HELLO).decode(errors="replace")
        except (EOFError, OSError) as error:
            raise InputError(self._unreachable(0, seconds)) from error
        if reason:
            raise InputError(reason)
        return connection

    def _unreachable(self, index: int, seconds: float) -> str:
        return (
            f"{VARIABLE}: expected {self.cluster.name(index)} to answer within {seconds:.0f} s, "
            "received nothing; start all processes with the same cluster, and see that they reach "
            "each other"
        )

    def _read(self) -> None:
        indices = {connection: index for index, connection in self._connections.items()}
        while indices:
            for connection in wait(list(indices)):
                assert isinstance(connection, Connection)
                try:
                    message = connection.recv_bytes()
                except (EOFError, OSError):
                    index = indices.pop(connection)
                    self._ended.put(index)
                    for other in indices.values():
                        with contextlib.suppress(OSError):
                            self._send(other, END + str(index).encode())
                    self._arrived[index].put(None)
                    continue
                if message.startswith(END):
                    self._ended.put(int(message.removeprefix(END)))
                else:
                    self._arrived[indices[connection]].put(message.removeprefix(PART))

    def _send(self, index: int, message: bytes) -> None:
        with self._sending:
            self._connections[index].send_bytes(message)

    def _receive(self, index: int) -> bytes:
        part = self._arrived[index].get()
        if part is None:
            raise self.loss()
        return part


def _listen(address: Address) -> socket.socket:
    try:
        return socket.create_server(("", address.port))
    except OSError as error:
        raise InputError(
            f"{VARIABLE}: expected a port that is free, received {address} ({error.strerror}); end "
            "the process that has it, or choose another port in all processes"
        ) from error


def _connection(connected: socket.socket) -> Connection:
    connected.settimeout(None)
    limit = struct.pack("ll", MESSAGE_SECONDS, 0)  # for a message that has begun
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    return Connection(connected.detach())


def _hello(connection: Connection) -> tuple[int, list[str]] | None:
    """What a process says of itself: its index and its cluster; None if it is no worker."""
    try:
        if not connection.poll(HELLO_SECONDS):
            return None
        index, addresses = json.loads(connection.recv_bytes(MOST_HELLO))
        return int(index), [str(address) for address in addresses]
    except (EOFError, OSError, ValueError, TypeError):
        return None


_joined: Peers | None = None


def join() -> Peers:
    """Meets the other processes that `TF_CONFIG` names, once in a process.

    Raises:
        InputError: If that is not possible.
    """
    global _joined
    if _joined is None:
        _joined = Peers(Cluster.parse(os.environ.get(VARIABLE)))
    return _joined


def joined() -> Peers | None:
    """The other processes, once they have met."""
    return _joined


def place() -> int:
    """Which of the processes this one is, counted from 0; 0 for one that is alone."""
    return _joined.cluster.index if _joined else 0


def peer_name(index: int) -> str:
    """What a process is called in messages."""
    return _joined.cluster.name(index) if _joined else "this process"


def process_count() -> int:
    """How many processes train together; 1 for one that is alone."""
    return len(_joined.cluster.tasks) if _joined else 1


def exchange(part: bytes) -> list[bytes]:
    """What each process hands in; as in `Peers.exchange`."""
    return _joined.exchange(part) if _joined else [part]
