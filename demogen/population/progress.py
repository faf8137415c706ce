"""What provisioning tells while it works; the command line draws it. May import: nothing from demogen."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called from the provisioning loop: must return at once."""

    def started(self, kind: str, total: int) -> None:
        """A kind begins; `total` of them are still to do."""
        ...

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:
        """One entity is settled, well or not; `elapsed_ns` from its first request to its last answer."""
        ...

    def finished(self, kind: str) -> None:
        """Nothing more of that kind."""
        ...

    def note(self, text: str) -> None:
        """A sentence for the reader: something was skipped, or the server asks us to slow down."""
        ...


class Quiet:
    """Tells nobody."""

    def started(self, kind: str, total: int) -> None:
        """Ignored."""

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:
        """Ignored."""

    def finished(self, kind: str) -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""
