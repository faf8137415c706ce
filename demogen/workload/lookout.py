"""Looks at the books while a load runs, from a process of its own that gives way to the load. Judges nothing.

The looking is `demogen evidence watch`: it reads the ledger and the journals, and tells a line of JSON for each look.
It ends by itself once the load is over, or its parent gone. May import: `record`, `clock`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping

import msgspec

from demogen.clock import NS_PER_S, Clock
from demogen.record.folder import RunFolder
from demogen.record.sight import Sight

_LAST_WORDS_S = 3.0


class Lookout:
    """One run's. `environment` is all that the child is to find in its own."""

    def __init__(self, folder: RunFolder, *, every_s: float, environment: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._rest = b""
        self._sight: Sight | None = None
        watch = [sys.executable, "-m", "demogen", "evidence", "watch", str(folder.path), "--json", "--die-with-parent"]
        self._child = subprocess.Popen(
            [*watch, "--watch", f"{every_s:g}s"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            # Out of a terminal's Ctrl-C, but not a session of its own: Linux gives each session the same share of a
            # core (sched(7), autogroup), and whoever gives way does so only to those of its own.
            process_group=0,
            env=dict(environment),
        )
        # From its first moment: to start takes it most of a second of processor time, just when the load begins.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(self._child.pid, os.SCHED_IDLE, os.sched_param(0))
        assert self._child.stdout is not None
        self._fd = self._child.stdout.fileno()
        os.set_blocking(self._fd, False)

    def seen(self) -> Sight | None:
        """The latest look; None before the first. Never waits."""
        with contextlib.suppress(BlockingIOError, ValueError, OSError):
            while piece := os.read(self._fd, 1 << 16):
                self._rest += piece
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError):
                self._sight = self._merged(msgspec.json.decode(line, type=Sight))
        return self._sight

    def _merged(self, sight: Sight) -> Sight:
        """A look that saw nothing leaves the last bounds standing, with their own time."""
        if not sight.trouble or self._sight is None:
            return sight
        return msgspec.structs.replace(self._sight, trouble=sight.trouble)

    def close(self) -> None:
        """The load is over: hear the last look, then end the child, whatever it is doing."""
        end_ns = self._clock.now_ns() + round(_LAST_WORDS_S * NS_PER_S)
        while self._child.poll() is None and self._clock.now_ns() < end_ns:
            self._clock.sleep(0.05)
        self.seen()
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
