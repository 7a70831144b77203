# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM, at places where nothing is lost by them.

Python runs the handler of a signal between any two instructions of the main thread. Where that
waits for others the handler's exception can come out between the parts of a lock, a condition or a
thread that starts, none of which survives it.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

#: What ends a process at once, unless it has a handler; SIGHUP comes when a terminal is closed.
_TERMINATION = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
]  # Windows has no SIGHUP

#: Seconds within which a signal comes once: a program that starts others often hands on the Ctrl-C
#: that the terminal has sent to all of them.
ONE_SIGNAL = 0.3


@contextmanager
def termination_as_exit() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise SystemExit(128 + number) within the block.

    So temporary files are removed, and whoever trains can keep what was trained. Signals that are
    ignored, or have a handler, are left alone, and so are all outside of the main thread.
    """
    with ExitStack() as stack:
        if _can_set_handlers():
            for number in _TERMINATION:
                if signal.getsignal(number) is signal.SIG_DFL:
                    stack.callback(signal.signal, number, signal.SIG_DFL)
                    signal.signal(number, _exit)
        yield


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


class HeldSignals:
    """Within the block, handlers of SIGINT, SIGTERM and SIGHUP run when `check` is called.

    What is held at the end of the block is let through there. Outside of the main thread, and for
    signals without a handler in Python, nothing changes.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}
        self._held: list[int] = []
        self._let_through_at: dict[int, float] = {}
        self._is_released = False

    def __enter__(self) -> HeldSignals:
        if _can_set_handlers():
            for number in [signal.SIGINT, *_TERMINATION]:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        for number in reversed(self._handlers):  # Ctrl-C last: then nothing is left to restore
            signal.signal(number, self._handlers[number])
        self.check()

    def check(self) -> None:
        """Let through what has come: an exception, most often, or none."""
        while self._held:
            self._let_through(self._held.pop(0), None)

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let everything through as it comes: around what takes long and cleans up after itself."""
        before, self._is_released = self._is_released, True
        try:
            self.check()
            yield
        finally:
            self._is_released = before

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() - self._let_through_at.get(number, -math.inf) < ONE_SIGNAL:
            return
        if self._is_released:
            self._let_through(number, frame)
        elif number not in self._held:
            self._held.append(number)

    def _let_through(self, number: int, frame: FrameType | None) -> None:
        self._let_through_at[number] = time.monotonic()
        self._handlers[number](number, frame)


def _can_set_handlers() -> bool:
    """Whether this is the main thread of the main interpreter, which alone has handlers."""
    if threading.current_thread() is not threading.main_thread():
        return False
    try:
        signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
    except (TypeError, ValueError):  # a subinterpreter; or a handler that was not set by Python
        return False
    return True
