"""Where Locust is the program and not a library: what Python would do by itself before and beside a run's own care.

A Ctrl-C while Locust reads its files, an error that Locust lets through, and the workers of `--processes`, which would
outlive a master that ends without saying good-bye. Importing this sets it up, and does nothing in any other program.
May import: `errors`.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType

from demogen.errors import DemogenError, UsageError

log = logging.getLogger("demogen")

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _is_locust() -> bool:
    program = Path(sys.argv[0])
    return "locust" in (program.stem, program.parent.name)


def _leave_quietly(number: int, _frame: FrameType | None) -> None:
    """There is nothing to wind up yet; an exception would be shown wherever it is raised, even at Python's own end."""
    os._exit(128 + number)


def _tell(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """One line and a hint, as everywhere."""
    said = in_our_words(error)
    sys.stderr.write(f"error: {said.message}\nhint: {said.hint}\n")
    sys.stderr.flush()
    os._exit(said.exit_code)


def in_our_words(error: BaseException) -> DemogenError:
    """An error as what we say of it; one that nobody expected shows its traceback where somebody looks for one."""
    if isinstance(error, DemogenError):
        return error
    # Locust knows the wording of another version of its socket library.
    if type(error).__name__ == "RPCError" and "bind failure" in str(error):
        return UsageError(f"cannot listen for workers: {error}", hint="name another --master-bind-port")
    log.debug("this was not expected", exc_info=error)
    return DemogenError(f"unexpected {type(error).__name__}: {error}", hint="--loglevel DEBUG shows the traceback")


class _Kin:
    """A process that we fork gets a Ctrl-C when we end, in whatever way."""

    def __init__(self) -> None:
        self._parent = 0

    def watch(self) -> None:
        os.register_at_fork(before=self._note, after_in_child=self._follow)

    def _note(self) -> None:
        self._parent = os.getpid()

    def _follow(self) -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != self._parent:
            os._exit(128 + signal.SIGINT)


def _set_up() -> None:
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave_quietly)
    sys.excepthook = _tell
    _Kin().watch()


if _is_locust():
    _set_up()
