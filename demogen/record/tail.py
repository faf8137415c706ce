"""Follows a journal while it is being written: whole records as they come, each once.

A partial record at the end is one that is still being written, so it waits for the next look. May import: `journal`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from demogen.record.journal import DTYPES, MAGIC, WIDTH, JournalFile, Kind

Records = dict[Kind, np.ndarray[Any, Any]]


class JournalTail:
    """One file that grows. `header` is empty until the file has one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: dict[str, Any] = {}
        self._at = 0

    def read(self) -> Records:
        """What has come since the last call, by kind, in the order it was written.

        Raises RunFolderError where the file is no journal.
        """
        if not self.header and not self._begin():
            return {kind: np.empty(0, dtype=dtype) for kind, dtype in DTYPES.items()}
        with self.path.open("rb") as file:
            file.seek(self._at)
            raw = file.read()
        rows = np.frombuffer(raw, dtype=np.uint8, count=len(raw) - len(raw) % WIDTH).reshape(-1, WIDTH)
        zeros = np.flatnonzero(rows[:, 0] == 0)
        if zeros.size:
            rows = rows[: zeros[0]]
        self._at += rows.size
        return {kind: _of_kind(rows, kind) for kind in DTYPES}

    def _begin(self) -> bool:
        """Whether the header is there whole."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < len(MAGIC) + 4:
            return False
        try:
            file = JournalFile(self.path)
        except ValueError:  # the header's text is still on its way
            return False
        self.header, self._at = file.header, file.start
        return True


def _of_kind(rows: np.ndarray[Any, Any], kind: Kind) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(rows[rows[:, 0] == kind]).view(DTYPES[kind]).reshape(-1)
