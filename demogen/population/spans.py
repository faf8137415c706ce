"""The bootstrap as a trace: one span for the whole, below it one for each kind of entity.

May import: `client.otel`, this room's protocol, opentelemetry's interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from demogen.client.otel import process_tracer
from demogen.population.progress import Progress

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


@contextmanager
def in_spans(progress: Progress) -> Iterator[Progress]:
    """The same progress, told to the traces too where traces are wanted."""
    tracer = process_tracer()
    if tracer is None:
        yield progress
        return
    spanned = SpannedProgress(progress, tracer)
    try:
        yield spanned
    finally:
        spanned.end()


class SpannedProgress:
    """A Progress that says everything to another one, and ends what it began."""

    def __init__(self, progress: Progress, tracer: Tracer) -> None:
        from opentelemetry.trace import set_span_in_context

        self._progress = progress
        self._tracer = tracer
        self._whole = tracer.start_span("bootstrap")
        self._below = set_span_in_context(self._whole)
        self._spans: dict[str, Any] = {}
        self._failed: dict[str, int] = {}

    def started(self, kind: str, total: int) -> None:
        if kind not in self._spans:
            told = {"demogen.entities": total}
            self._spans[kind] = self._tracer.start_span(f"bootstrap {kind}", context=self._below, attributes=told)
        self._progress.started(kind, total)

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:
        if not ok:
            self._failed[kind] = self._failed.get(kind, 0) + 1
        self._progress.done(kind, ok=ok, elapsed_ns=elapsed_ns)

    def finished(self, kind: str) -> None:
        self._progress.finished(kind)
        self._end(kind)

    def note(self, text: str) -> None:
        self._progress.note(text)

    def end(self) -> None:
        """The bootstrap is over, however it went."""
        for kind in [*self._spans]:
            self._end(kind)
        self._whole.end()

    def _end(self, kind: str) -> None:
        span = self._spans.pop(kind, None)
        if span is not None:
            span.set_attribute("demogen.failed", self._failed.get(kind, 0))
            span.end()
