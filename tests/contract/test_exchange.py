"""Headers are found in any case and only at the start of a line; faults know whether anything can have been booked."""

from __future__ import annotations

import re

import pytest

from demogen.contract.exchange import Fault, Response
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.routes import ROUTES

HEAD = b"Content-Type: application/json\r\nX-Idempotency-Replayed:true\r\nx-note: etag: no\r\nETag:  a b \r\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(b"content-type", b"application/json", id="the first line"),
        pytest.param(b"x-idempotency-replayed", b"true", id="no space after the colon"),
        pytest.param(b"etag", b"a b", id="not within another's value, and stripped"),
        pytest.param(b"idempotency-replayed", None, id="not the end of another's name"),
        pytest.param(b"date", None, id="absent"),
    ],
)
def test_a_header_is_found_by_its_lower_case_name(name: bytes, value: bytes | None) -> None:
    assert Response(201, HEAD, b"").header(name) == value


def test_the_last_header_needs_no_line_end() -> None:
    assert Response(200, b"A: 1\r\nX-Total-Count: 12", b"").header(b"x-total-count") == b"12"


def test_only_faults_before_the_sending_rule_out_a_booking() -> None:
    unsent = {fault.label for fault in Fault if not fault.sent}
    assert unsent == {"refused", "unresolved", "tls", "connect_timeout", "no_descriptors"}


@pytest.mark.parametrize("outcome", Outcome, ids=lambda outcome: outcome.label)
def test_a_receipt_is_exactly_one_of_three(outcome: Outcome) -> None:
    receipt = Receipt(outcome, 0, "", "", replayed=False, expected=True, mark="m")
    assert [receipt.accepted, receipt.rejected, receipt.indeterminate].count(True) == 1
    assert getattr(receipt, outcome.label) is True


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_fills_in_its_ids_and_leaves_no_gap(name: str) -> None:
    route = ROUTES[name]
    ids = {field: f"<{field}>" for field in re.findall(r"{(\w+)}", route.path)}
    target = route.target(**ids)
    assert "{" not in target
    assert all(text in target for text in ids.values())
    assert route.target("limit=1", **ids) == target + "?limit=1"
    assert route.method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


def test_no_two_routes_are_one() -> None:
    assert len(set(ROUTES.values())) == len(ROUTES)
