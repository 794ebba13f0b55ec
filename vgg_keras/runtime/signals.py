"""^C and SIGTERM, heeded where nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from vgg_keras.runtime.peers import exchange


class StopRequest:
    """A request that a run stops.

    Attributes:
        signal: Signal that was sent; None as long as there is no request.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    def agree(self) -> bool:
        """Makes a request to one of several processes a request to all; each has to call it.

        Returns:
            Whether there is one.
        """
        numbers = [int(part) for part in exchange(str(self.signal or 0).encode())]
        self.signal = max(numbers) or None
        return self.signal is not None

    def raise_if_set(self) -> None:
        """Stops if that was requested.

        Raises:
            KeyboardInterrupt: If it was, with the number of the signal.
        """
        if self.signal:
            raise KeyboardInterrupt(self.signal)


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Lets SIGTERM interrupt as ^C does: by a KeyboardInterrupt, which has its number.

    In another thread than the main one, where Python allows no handlers, it stays as it is.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def deferred_signals() -> Iterator[StopRequest]:
    """Turns ^C and SIGTERM into a request to stop, which is raised at the end at the latest.

    A handler that only notes the signal cannot be lost: Python drops a KeyboardInterrupt that comes
    inside the callback of a weak reference. The second signal does what it did before, and so does
    every signal in another thread than the main one, where Python allows no handlers.

    Yields:
        The request, to be raised as soon as nothing would be lost.
    """
    request = StopRequest()
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        request.signal = number
        restore()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, note)
    try:
        yield request
    finally:
        restore()
    request.raise_if_set()
