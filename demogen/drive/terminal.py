"""What a run says to whoever started it, as far as there is somebody: standard output may be closed, gone or ASCII.

Decides no words. May import: nothing from demogen.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO


def tell(text: str) -> None:
    """On standard output."""
    _write(sys.stdout, text)


def warn(text: str) -> None:
    """On standard error."""
    _write(sys.stderr, text)


def _write(stream: TextIO | None, text: str) -> None:
    # A run is worth no less because nobody reads what is said of it; the exit code and the report stand anyway.
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
