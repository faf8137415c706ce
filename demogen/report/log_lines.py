"""How log lines look: text, or one JSON object a line for who collects them.

Changes the handlers that are there (the command line's, or Locust's) and adds none. May import: nothing from demogen.
"""

from __future__ import annotations

import io
import json
import logging
import os
import platform
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """One object a line: time (UTC, RFC 3339), level, logger, message, host, pid; a traceback where there is one."""

    def __init__(self) -> None:
        super().__init__()
        self._host = platform.node()

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "host": self._host,
            "pid": os.getpid(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class LinesAsLogs(io.TextIOBase):
    """A stream whose lines become log lines, for what is written to stderr directly."""

    def __init__(self, log: logging.Logger) -> None:
        super().__init__()
        self._log = log
        self._begun = ""

    def write(self, text: str) -> int:
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            if line.strip():
                self._log.log(logging.ERROR if line.startswith("error: ") else logging.INFO, "%s", line.rstrip())
        return len(text)

    def isatty(self) -> bool:
        return False


def dress(log_format: str) -> None:
    """Let all that this process says on stderr look like that; what it says on stdout is its result."""
    if log_format != "json":
        return
    for handler in logging.getLogger().handlers:
        # Locust keeps lines for its web UI in a handler of its own: people read those.
        if isinstance(handler, logging.StreamHandler):
            handler.setFormatter(JsonLines())
    sys.stderr = LinesAsLogs(logging.getLogger("demogen"))
