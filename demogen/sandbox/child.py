"""A sandbox as a child process on a free port, for tests and other projects (`with Sandbox() as ledger: ledger.url`).

May import: demogen.errors.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType

from demogen.errors import DemogenError

_READY = re.compile(r"ready at (\S+)")
_STOP_WITHIN_S = 20


class Sandbox:
    """Starts on entry, stops on exit. `kill` is for those who test durability."""

    def __init__(
        self,
        *,
        db: str = ":memory:",
        dialect: str = "v3.8",
        quirks: str = "all",
        defects: Sequence[str] = (),
        port: int = 0,
        arguments: Sequence[str] = (),
    ) -> None:
        self._command = [
            sys.executable, "-m", "demogen.sandbox", "--port", str(port), "--db", db, "--dialect", dialect,
            "--quirks", quirks, "--die-with-parent", *arguments,
        ]  # fmt: skip
        for name in defects:
            self._command += ["--defect", name]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Sandbox:
        """Returns once it answers at `url`."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            self.url = self._address()
        except BaseException:
            # Whoever waits for it may be told to stop meanwhile.
            self.stop()
            raise
        return self

    def _address(self) -> str:
        assert self._process is not None and self._process.stdout is not None
        match = _READY.search(self._process.stdout.readline())
        if match is None:
            raise DemogenError("the sandbox did not start", hint="run it by hand: " + " ".join(self._command))
        return match.group(1)

    @property
    def pid(self) -> int:
        """The child's process id; 0 when it does not run."""
        return 0 if self._process is None else self._process.pid

    def stop(self) -> None:
        """SIGTERM, and wait for the clean end."""
        self._end(kill=False)

    def kill(self) -> None:
        """SIGKILL: what was acknowledged must be there when the file is opened again."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
