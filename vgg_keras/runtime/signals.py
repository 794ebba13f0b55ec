"""^C and SIGTERM, obeyed where nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Wish:
    """Somebody's wish that a run stops.

    Attributes:
        signal: that was sent; None as long as nobody has the wish.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    def obey(self) -> None:
        """Stops if that is wished.

        Raises:
            KeyboardInterrupt: with the number of the signal.
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
def heeding_signals() -> Iterator[Wish]:
    """Takes ^C and SIGTERM for a wish, which is obeyed at the end at the latest.

    A handler that only notes the signal is not enough of an interruption to be lost: Python drops
    a KeyboardInterrupt that comes inside the callback of a weak reference. The second signal does
    what it did before, and so does every signal in another thread than the main one, where Python
    allows no handlers.

    Yields:
        The wish, to be obeyed as soon as nothing would be lost.
    """
    wish = Wish()
    before: dict[int, Any] = {}

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        wish.signal = number
        put_back()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, note)
    try:
        yield wish
    finally:
        put_back()
    wish.obey()
