"""A run's own sandbox, served again from the file it left: so that an embedded run can be judged at any time.

May import: `sandbox`, `client`, `record`, `config`, `errors`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demogen.client.pooled import PooledTransport
from demogen.config import Settings
from demogen.contract.exchange import Request
from demogen.errors import LedgerUnreachable
from demogen.record.folder import RunFolder


@contextmanager
def ledger_of(folder: RunFolder, settings: Settings) -> Iterator[Settings]:
    """Settings whose host answers for the run: as given, else as recorded, else the revived sandbox's."""
    told = _told(folder)
    url = str(told.get("host") or "")
    # Where it lies in the folder comes first: a folder may have been moved since.
    file = folder.sandbox_db if folder.sandbox_db.exists() else Path(str(told.get("sandbox_file") or ""))
    if settings.host is not None or not told.get("embedded_sandbox") or not file.is_file() or _answers(url):
        yield settings
        return
    from demogen.sandbox import Sandbox

    with Sandbox(db=str(file), dialect=str(told.get("dialect") or "v3.8")) as sandbox:
        yield settings.model_copy(update={"host": sandbox.url})


def _told(folder: RunFolder) -> dict[str, object]:
    try:
        told = json.loads(folder.settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _answers(url: str) -> bool:
    if not url:
        return False
    try:
        with PooledTransport(url, timeout_s=2.0) as transport:
            return transport.send(Request(b"GET", b"/health")).status == 200
    except LedgerUnreachable:
        return False
