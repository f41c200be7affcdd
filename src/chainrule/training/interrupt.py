"""Ctrl-C that ends a training cleanly: between two steps, not inside one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupt:
    """While open, the first Ctrl-C sets `asked`; a second one raises KeyboardInterrupt as always.

    Signals reach the main thread only; elsewhere, and where SIGINT is ignored (nohup), nothing is changed.
    """

    def __init__(self) -> None:
        self.asked = False
        self.before: Any = None

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            current = signal.getsignal(signal.SIGINT)
            if current not in (None, signal.SIG_IGN):
                self.before = signal.signal(signal.SIGINT, self.handle)
        return self

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)
