"""OpenTelemetry where somebody asks for it by the standard OTEL_* variables, and nothing at all where nobody does.

Endpoint, headers, sampler, interval and service name are OpenTelemetry's own affair; here is only whether traces and
metrics are wanted, and by which exporter. Needs the extra `otel`. May import: config, this room, opentelemetry.
"""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING

import demogen
from demogen.client.tracing import TracedCarrier
from demogen.client.transport import Carrier
from demogen.clock import Clock
from demogen.config import environment

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.trace import Tracer

log = logging.getLogger("demogen")

#: As OpenTelemetry's specification has it, in milliseconds.
INTERVAL_MS = 60_000
_HTTP = "http/protobuf"


class _Once:
    """One provider a process, made when the first connection is: a fork before that stays without threads."""

    tracer: Tracer | None = None
    tried = False
    warned = False


def traced(carrier: Carrier, *, clock: Clock) -> Carrier:
    """The same carrier, with a span for each call where traces are wanted."""
    tracer = process_tracer()
    return carrier if tracer is None else TracedCarrier(carrier, tracer, clock=clock)


def process_tracer() -> Tracer | None:
    """The tracer of this process; None where no traces are wanted."""
    if not _Once.tried:
        _Once.tried = True
        _Once.tracer = _open_tracer() if _wanted("TRACES") else None
    return _Once.tracer


def metric_exporter() -> MetricExporter | None:
    """What takes metrics to a collector by OTLP over HTTP; None where they are not wanted."""
    if not _wanted("METRICS"):
        return None
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    return OTLPMetricExporter()


def metric_interval_s() -> float:
    """Seconds between two exports of metrics, by OTEL_METRIC_EXPORT_INTERVAL."""
    text = environment().get("OTEL_METRIC_EXPORT_INTERVAL", "")
    if text and not (text.isascii() and text.isdigit() and int(text)):
        log.warning("OTEL_METRIC_EXPORT_INTERVAL is %r: it takes milliseconds, %d are used", text, INTERVAL_MS)
        text = ""
    return int(text or INTERVAL_MS) / 1000


def resource() -> Resource:
    """Who is telling: the name that OTEL_SERVICE_NAME gives, else `demogen`, and all that the variables add."""
    from opentelemetry.sdk.resources import Resource

    told = environment()
    named = told.get("OTEL_SERVICE_NAME") or "service.name=" in told.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {} if named else {"service.name": "demogen"}
    return Resource.create(own | {"service.version": demogen.__version__})


def _wanted(signal: str) -> bool:
    """Whether a signal (TRACES, METRICS) was asked for, and can be had; why not is said once."""
    told = environment()
    exporter = told.get(f"OTEL_{signal}_EXPORTER", "")
    endpoint = told.get("OTEL_EXPORTER_OTLP_ENDPOINT") or told.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    if told.get("OTEL_SDK_DISABLED", "").lower() == "true" or not (exporter or endpoint):
        return False
    if exporter not in ("", "otlp"):
        if exporter not in ("none", "prometheus"):
            log.warning("OTEL_%s_EXPORTER is %r: demogen knows otlp and none", signal, exporter)
        return False
    general = told.get("OTEL_EXPORTER_OTLP_PROTOCOL") or _HTTP
    if (protocol := told.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or general) != _HTTP:
        return _refuse(f"OTLP by {protocol} is asked for, demogen speaks {_HTTP} (mostly on port 4318)")
    if not _installed("opentelemetry.sdk") or not _installed("opentelemetry.exporter.otlp.proto.http"):
        return _refuse("OTEL_* is set, but OpenTelemetry needs the extra: pip install 'demogen[otel]'")
    return True


def _refuse(why: str) -> bool:
    if not _Once.warned:
        _Once.warned = True
        log.warning("no traces, no OTLP metrics: %s", why)
    return False


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _open_tracer() -> Tracer:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=resource())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("demogen", demogen.__version__)
