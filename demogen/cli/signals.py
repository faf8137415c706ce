"""Ctrl-C, SIGTERM and SIGHUP at the door: the program unwinds, so that no child and no half-written file stays behind.

While a load is being played the first of them only ends it early; what is in flight is waited for, and the books are
judged. May import: nothing from demogen.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: What to say and what to end with; the codes are 128 and the signal's number, as shells have it.
MEANINGS = {signal.SIGHUP: ("hung up", 129), signal.SIGINT: ("interrupted", 130), signal.SIGTERM: ("terminated", 143)}


class Stopped(BaseException):
    """A signal came. Of its own class: what derives from Exception or KeyboardInterrupt, libraries swallow."""

    def __init__(self, number: signal.Signals) -> None:
        self.says, self.exit_code = MEANINGS[number]
        super().__init__(self.says)


class Signals:
    """Hears the signals of a command line, once `listen` was called."""

    def __init__(self) -> None:
        #: The last that came: a library may have made an error of its own of it on the way.
        self.heard: Stopped | None = None
        #: The one that ended a load early.
        self.eased_by: Stopped | None = None
        self._ease: Callable[[], None] | None = None

    def listen(self) -> None:
        """Unwind on a signal from now on. What whoever started us chose to ignore (nohup) stays ignored."""
        self.heard = self.eased_by = None
        for number in MEANINGS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._hear)

    @contextmanager
    def easing(self, stop: Callable[[], None]) -> Iterator[None]:
        """Inside the block the first signal calls `stop` and nothing is unwound; the next one does."""
        self._ease = stop
        try:
            yield
        finally:
            self._ease = None

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        stopped, stop = Stopped(signal.Signals(number)), self._ease
        if stop is None:
            self.heard = stopped
            raise stopped
        self.eased_by, self._ease = stopped, None
        stop()


#: One a process: signals are.
SIGNALS = Signals()
