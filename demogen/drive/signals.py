"""What Ctrl-C, SIGTERM and SIGHUP do to a process of a run: it is wound up in an orderly way, never torn.

Python raises KeyboardInterrupt wherever it happens to be: under gevent that is whatever greenlet runs, which may be the
one that sends, or a destructor that swallows it. So from `init` on a signal is a call in the hub, and only then does
the main greenlet get what it waits for. Decides nothing about runs. May import: gevent.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import gevent
from gevent import get_hub
from gevent.event import Event

#: 128 and the signal's number, as shells have it.
CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}


class Signals:
    """Hears the signals of one process. Made in its main greenlet, in a listener of `init`.

    `wind_up` is called once, with the exit code that the first signal asks for, and may take its time; then the main
    greenlet goes on to Locust's own shutdown, unless it is there already. `give_up` is called for every further signal.
    """

    def __init__(self, *, wind_up: Callable[[], None], give_up: Callable[[], None]) -> None:
        #: Exit code of the first signal that came; 0: none has.
        self.code = 0
        self._leaving = self._left = False
        self._main = gevent.getcurrent()
        self._wind_up = wind_up
        self._give_up = give_up
        for number, hear in ((signal.SIGINT, self._hear), (signal.SIGHUP, self._hear), (signal.SIGTERM, self._note)):
            # What whoever started us chose to ignore (nohup, a job in the background) stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                gevent.signal_handler(number, hear, number)

    def end_with(self, ending: BaseException) -> None:
        """Let the main greenlet, which waits for the run, go on with that exception."""
        if not self._leaving:
            self._leaving = True
            hub: Any = get_hub()
            hub.loop.run_callback(self._main.throw, ending)

    def leave(self) -> None:
        """Locust's shutdown begins, and must not be disturbed. A second one, of a further SIGTERM, gets no further."""
        if self._left and gevent.getcurrent() is not self._main:
            Event().wait()
        self._leaving = self._left = True

    def _note(self, number: signal.Signals) -> None:
        """Locust hears SIGTERM itself and goes to its shutdown at once."""
        if self.code or self._leaving:
            self._give_up()
        self.code = self.code or CODES[number]

    def _hear(self, number: signal.Signals) -> None:
        if self.code or self._leaving:
            self._give_up()
            return
        self.code = CODES[number]
        self._wind_up()
        self.end_with(KeyboardInterrupt())
