"""A span for each call, and its `traceparent` on the wire, so that the ledger's own spans hang below ours.

Wraps any carrier; without it a call costs nothing. The tracer is handed in, with its sampler: what it does not sample
goes out too, marked as such. Ids in paths stay out of names, and nothing of a body or a token is ever noted.
May import: `transport`, contract, clock, opentelemetry's interface.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from demogen.client.transport import Carrier, Delivery
from demogen.clock import Clock
from demogen.contract.exchange import Fault, Request

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

_ID = re.compile(r"(?<=/)[0-9a-f]{8}-[0-9a-f-]{27}(?=/|$)|(?<=/alias/)[^/]+|(?<=/external/)[^/]+")


def traceparent(span: Span) -> bytes:
    """The W3C header line of a span, ending in CR LF."""
    context = span.get_span_context()
    return f"traceparent: 00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}\r\n".encode()


def route_of(request: Request) -> str:
    """The path without query and without ids."""
    return _ID.sub("{id}", request.target.partition(b"?")[0].decode("latin-1"))


class TracedCarrier:
    """A Carrier around another. Spans begin when a request is offered and end when it was answered."""

    def __init__(self, carrier: Carrier, tracer: Tracer, *, clock: Clock) -> None:
        self._carrier = carrier
        self._tracer = tracer
        self._offset_ns = clock.wall_ns() - clock.now_ns()
        self._clock = clock
        self._open: dict[int, Span] = {}
        self._sampled: dict[int, tuple[str, str]] = {}

    def trace_of(self, ticket: object) -> tuple[str, str] | None:
        """Trace and span, in hexadecimal, of a delivery of the last `collect`; None where it was not sampled."""
        return self._sampled.get(id(ticket))

    @property
    def in_flight(self) -> int:
        return self._carrier.in_flight

    def offer(self, request: Request, ticket: object, deadline_ns: int) -> bool:
        from opentelemetry.trace import SpanKind

        method, route = request.method.decode(), route_of(request)
        span = self._tracer.start_span(
            f"{method} {route}",
            kind=SpanKind.CLIENT,
            attributes={"http.request.method": method, "url.template": route, "demogen.mark": request.key.decode()},
            start_time=self._clock.now_ns() + self._offset_ns,
        )
        traced = msgspec.structs.replace(request, headers=request.headers + traceparent(span))
        if not self._carrier.offer(traced, ticket, deadline_ns):
            # No connection was free: it will be offered again, and that will be its span.
            return False
        self._open[id(ticket)] = span
        return True

    def launch(self) -> None:
        self._carrier.launch()

    def collect(self, until_ns: int) -> Sequence[Delivery]:
        deliveries = self._carrier.collect(until_ns)
        self._sampled.clear()
        for ticket, result, sent_ns, answered_ns in deliveries:
            span = self._open.pop(id(ticket), None)
            if span is not None:
                self._end(span, result, sent_ns=sent_ns, answered_ns=answered_ns)
                context = span.get_span_context()
                if context.trace_flags.sampled:
                    self._sampled[id(ticket)] = (f"{context.trace_id:032x}", f"{context.span_id:016x}")
        return deliveries

    def open(self, count: int) -> None:
        self._carrier.open(count)

    def close(self) -> None:
        self._carrier.close()

    def _end(self, span: Span, result: Any, *, sent_ns: int, answered_ns: int) -> None:
        from opentelemetry.trace import Status, StatusCode

        if isinstance(result, Fault):
            span.set_attribute("error.type", result.label)
            span.set_status(Status(StatusCode.ERROR, result.label))
        else:
            span.set_attribute("http.response.status_code", result.status)
            # A refusal may be what was asked for; only a server's failure is one here.
            if result.status >= 500:
                span.set_status(Status(StatusCode.ERROR))
        if sent_ns:
            span.add_event("sent", timestamp=sent_ns + self._offset_ns)
        span.end(end_time=answered_ns + self._offset_ns)
