"""A span for each call, told to the ledger by `traceparent`; ids stay out of names, unsampled calls out of it all."""

from __future__ import annotations

import importlib.util

import pytest

from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import NS_PER_S
from demogen.contract.exchange import Fault, Request

if importlib.util.find_spec("opentelemetry.sdk") is None:
    pytest.skip("opentelemetry-sdk is missing: install the extra otel", allow_module_level=True)

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import StatusCode

from demogen.client.tracing import TracedCarrier, route_of

LEDGER = "/v1/organizations/0198c5aa-0000-7000-8000-000000000001/ledgers/0198c5aa-0000-7000-8000-000000000002"


class Reply:
    def __init__(self, status):
        self.status, self.headers, self.body = status, {}, b"{}"


class Ledger:
    """An app that remembers what it was told, and answers with one status after the other."""

    def __init__(self, *statuses):
        self.statuses, self.headers = list(statuses), []

    def handle(self, method, target, headers, body):
        self.headers.append(dict(headers))
        return Reply(self.statuses.pop(0))


def traced(app, clock, *, sampler=ALWAYS_ON, **options):
    spans = InMemorySpanExporter()
    provider = TracerProvider(sampler=sampler)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    carrier = TracedCarrier(InMemoryCarrier(app, clock=clock, **options), provider.get_tracer("test"), clock=clock)
    return carrier, spans


def post(key=b"r1-1-7"):
    return Request(b"POST", LEDGER.encode() + b"/transactions/json?x=1", b"{}", key=key)


def test_the_ledger_is_told_the_span_that_we_keep(clock):
    app = Ledger(201)
    carrier, spans = traced(app, clock)
    assert carrier.offer(post(), "ticket", NS_PER_S)
    carrier.launch()
    ((ticket, response, _, _),) = carrier.collect(0)
    assert (ticket, response.status, carrier.in_flight) == ("ticket", 201, 0)
    (span,) = spans.get_finished_spans()
    version, trace_id, span_id, flags = app.headers[0]["traceparent"].split("-")
    # The other bit may say that ids are random.
    assert (version, int(flags, 16) & 1) == ("00", 1)
    assert (int(trace_id, 16), int(span_id, 16)) == (span.context.trace_id, span.context.span_id)
    assert span.attributes["http.response.status_code"] == 201
    assert span.attributes["demogen.mark"] == "r1-1-7"


def test_a_span_lasts_from_the_offer_to_the_answer(clock):
    carrier, spans = traced(Ledger(201), clock)
    wall_ns = clock.wall_ns()
    carrier.offer(post(), "ticket", 10 * NS_PER_S)
    clock.advance_ns(NS_PER_S // 4)
    carrier.launch()
    clock.advance_ns(NS_PER_S)
    carrier.collect(0)
    (span,) = spans.get_finished_spans()
    assert (span.start_time, span.end_time) == (wall_ns, wall_ns + NS_PER_S * 5 // 4)
    assert [(event.name, event.timestamp) for event in span.events] == [("sent", wall_ns + NS_PER_S // 4)]


@pytest.mark.parametrize(
    ("status", "wrong"),
    [pytest.param(201, False), pytest.param(422, False, id="a refusal may be meant"), pytest.param(500, True)],
)
def test_only_a_failing_server_is_an_error(clock, status, wrong):
    carrier, spans = traced(Ledger(status), clock)
    carrier.offer(post(), "ticket", NS_PER_S)
    carrier.launch()
    carrier.collect(0)
    (span,) = spans.get_finished_spans()
    assert (span.status.status_code is StatusCode.ERROR) == wrong


def test_no_answer_is_an_error_with_its_name(clock):
    carrier, spans = traced(Ledger(), clock)
    carrier.offer(post(), "ticket", NS_PER_S)
    carrier.close()
    ((_, fault, _, _),) = carrier.collect(0)
    assert fault is Fault.CANCELLED
    (span,) = spans.get_finished_spans()
    assert (span.attributes["error.type"], span.status.status_code) == ("cancelled", StatusCode.ERROR)


def test_what_is_not_sampled_goes_out_marked_so(clock):
    app = Ledger(201)
    carrier, spans = traced(app, clock, sampler=ALWAYS_OFF)
    carrier.offer(post(), "ticket", NS_PER_S)
    carrier.launch()
    carrier.collect(0)
    _, trace_id, span_id, flags = app.headers[0]["traceparent"].split("-")
    assert (len(trace_id), len(span_id), int(flags, 16) & 1) == (32, 16, 0)
    assert spans.get_finished_spans() == ()


def test_a_request_that_found_no_connection_leaves_no_span(clock):
    carrier, spans = traced(Ledger(201), clock, max_connections=1)
    assert carrier.offer(post(), "first", NS_PER_S)
    assert not carrier.offer(post(), "second", NS_PER_S)
    carrier.launch()
    carrier.collect(0)
    assert len(spans.get_finished_spans()) == 1


@pytest.mark.parametrize(
    ("target", "route"),
    [
        (f"{LEDGER}/transactions/json?limit=3", "/v1/organizations/{id}/ledgers/{id}/transactions/json"),
        (f"{LEDGER}/accounts/alias/@jane-doe", "/v1/organizations/{id}/ledgers/{id}/accounts/alias/{id}"),
        (f"{LEDGER}/accounts/external/USD", "/v1/organizations/{id}/ledgers/{id}/accounts/external/{id}"),
        ("/version", "/version"),
    ],
)
def test_no_name_has_an_id_in_it(target, route):
    assert route_of(Request(b"GET", target.encode())) == route
