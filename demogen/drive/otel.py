"""Traces where somebody asks for them by the standard OTEL_* variables, and nothing at all where nobody does.

Exporter, endpoint, sampler, service name and headers are OpenTelemetry's own affair. Needs the extra `otel`.
May import: config, client, opentelemetry.
"""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING, Any

import demogen
from demogen.client.tracing import TracedCarrier
from demogen.client.transport import Carrier
from demogen.clock import Clock
from demogen.config import environment

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

log = logging.getLogger("demogen")

#: Any of these says that traces are wanted.
ASKED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")


class _Once:
    """One provider a process, made when the first connection is: a fork before that stays without threads."""

    tracer: Tracer | None = None
    tried = False


def traced(carrier: Carrier, *, clock: Clock) -> Carrier:
    """The same carrier, with a span for each call where traces are wanted."""
    tracer = _tracer()
    return carrier if tracer is None else TracedCarrier(carrier, tracer, clock=clock)


def in_spans(progress: Any) -> Any:
    """The same progress, with a span for each kind of entity that is made."""
    tracer = _tracer()
    return progress if tracer is None else SpannedProgress(progress, tracer)


class SpannedProgress:
    """Has the shape of population's Progress, and says everything to another one too."""

    def __init__(self, progress: Any, tracer: Tracer) -> None:
        self._progress = progress
        self._tracer = tracer
        self._spans: dict[str, Any] = {}

    def started(self, kind: str, total: int) -> None:
        self._spans[kind] = self._tracer.start_span(f"bootstrap {kind}", attributes={"demogen.entities": total})
        self._progress.started(kind, total)

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:
        self._progress.done(kind, ok=ok, elapsed_ns=elapsed_ns)

    def finished(self, kind: str) -> None:
        self._progress.finished(kind)
        if span := self._spans.pop(kind, None):
            span.end()

    def note(self, text: str) -> None:
        self._progress.note(text)

    def finish(self) -> None:
        self._progress.finish()


def _tracer() -> Tracer | None:
    if not _Once.tried:
        _Once.tried = True
        _Once.tracer = _set_up() if _wanted() else None
    return _Once.tracer


def _wanted() -> bool:
    told = environment()
    if told.get("OTEL_SDK_DISABLED", "").lower() == "true" or told.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(told.get(name) for name in ASKED_BY)


def _set_up() -> Tracer | None:
    if importlib.util.find_spec("opentelemetry") is None or importlib.util.find_spec("opentelemetry.sdk") is None:
        log.warning("OTEL_* is set, but traces need the extra: pip install demogen[otel]")
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {} if environment().get("OTEL_SERVICE_NAME") else {"service.name": "demogen"}
    provider = TracerProvider(resource=Resource.create(named | {"service.version": demogen.__version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("demogen", demogen.__version__)
