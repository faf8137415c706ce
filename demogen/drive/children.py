"""Child processes of a run: the embedded sandbox, the audit, the report. Each is our own command line.

They run beside the hub, so neither SQLite nor DuckDB ever blocks it; all have a session of their own, so that a
Ctrl-C at the terminal does not end them before the books are judged. May import: gevent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
from gevent import subprocess as _subprocess

from demogen.errors import DemogenError, PreflightFailed

#: gevent fills this module at run time.
subprocess: Any = _subprocess

_START_S = 20.0
_STOP_S = 10.0


def demogen_command(*words: str) -> list[str]:
    return [sys.executable, "-m", "demogen", *words]


class EmbeddedSandbox:
    """A ledger to practise on, as a child: ends with us, whatever happens to us."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.url = ""
        self._child: Any = None
        self._starting: Any = None

    def start(self) -> None:
        """Returns once it answers at `url`. Raises PreflightFailed where it does not; call `stop` whatever happens."""
        command = demogen_command("sandbox", "--port", "0", "--db", str(self.database), "--die-with-parent")
        # In a greenlet of its own: whoever waits may be killed, and a child that nobody knows could not be stopped.
        self._starting = gevent.spawn(
            subprocess.Popen,
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
        )
        self._child = self._starting.get()
        self.url = self._address()

    def _address(self) -> str:
        """The address it prints on its first line."""
        line = ""
        with gevent.Timeout(_START_S, False):
            line = self._child.stdout.readline()
        for word in line.split():
            if word.startswith("http://"):
                return str(word.rstrip(".,;"))
        self._child.terminate()
        says = (self._child.stderr.read() or line or "it said nothing").strip().splitlines()
        raise PreflightFailed(f"the embedded sandbox did not start: {says[-1]}", hint="try: demogen sandbox --port 0")

    def stop(self) -> None:
        """Let it finish its writes; end it where it will not."""
        child = self._starting.get() if self._starting is not None else None
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def judge(folder: Path, *, depth: str, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Audit, then report; returns the run's exit code, one screen of text, and the verdict.

    `environment` is all that the children find in theirs: what the ledger asks for is nobody's command line.
    """
    _audit(folder, depth=depth, environment=environment)
    return _report(folder, environment=environment)


def _audit(folder: Path, *, depth: str, environment: Mapping[str, str]) -> None:
    """Judge the books of a run; the verdict is in its audit.json, whatever the exit code says."""
    child = _run("audit", str(folder), "--depth", depth, "--quiet", environment=environment)
    if child.returncode not in (0, 4, 5):
        raise DemogenError(
            f"the audit ended with {child.returncode}: {_last_line(child)}", hint=f"try again: demogen audit {folder}"
        )


def _report(folder: Path, *, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Write report.json and report.html."""
    child = _run("report", str(folder), "--format", "text", environment=environment)
    path = folder / "report.json"
    if not path.exists():
        raise DemogenError(
            f"the report ended with {child.returncode}: {_last_line(child)}", hint=f"try again: demogen report {folder}"
        )
    told = json.loads(path.read_text(encoding="utf-8"))
    return int(told.get("exit_code", 1)), str(child.stdout), str(told["verdict"])


def _run(*words: str, environment: Mapping[str, str]) -> Any:
    return subprocess.run(
        demogen_command(*words),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env=dict(environment),
    )


def _last_line(child: Any) -> str:
    """What the child said was wrong, without its hint, which was made for its own command line."""
    lines = (child.stderr or child.stdout or "").strip().splitlines() or ["it said nothing"]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (errors or lines)[-1]
