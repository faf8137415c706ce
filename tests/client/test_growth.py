"""When a pump that is not eager opens more connections: where waiting shows that they are what is lacking."""

from __future__ import annotations

import pytest
from nasty import Gate, gather, later, let_pass, pumping, serving

from demogen.client.engine.dialer import GROWTH_A_REST, RESTED_NS, Dialer
from demogen.contract.exchange import Request

GET = Request(b"GET", b"/")


def test_one_that_is_not_eager_grows_only_where_it_had_to_wait():
    gate = Gate()
    with serving(gate) as server, pumping(server.url, max_connections=300, eager=False) as pump:
        offers = [pump.offer(GET, number, later()) for number in range(100)]
        assert offers == [True] * GROWTH_A_REST + [False] * (100 - GROWTH_A_REST)
        pump.launch()
        let_pass(pump, 0.02)
        # All are waited for, none has come: more connections are what is lacking.
        more = [pump.offer(GET, number, later()) for number in range(GROWTH_A_REST, 100)]
        assert more.count(True) == GROWTH_A_REST
        pump.launch()
        gate.open()
        assert len(gather(pump, 2 * GROWTH_A_REST)) == 2 * GROWTH_A_REST
        assert pump.connections == 2 * GROWTH_A_REST


@pytest.mark.parametrize(
    ("rest_ns", "heard", "grows"),
    [
        pytest.param(RESTED_NS, 0, True, id="nobody answers"),
        pytest.param(RESTED_NS, 25, True, id="some answer"),
        pytest.param(RESTED_NS - 1, 0, False, id="there was always something to do"),
        pytest.param(RESTED_NS, 26, False, id="most had answered meanwhile: it was kept from running"),
    ],
)
def test_what_shows_that_connections_are_lacking(rest_ns, heard, grows):
    dialer = Dialer(
        None, poller=None, sockets=None, tls=None, connect_timeout_ns=1, eager=False, ready=None, failed=None
    )
    while dialer.may_grow(1_000):
        pass
    dialer.rested(rest_ns, heard, 100)
    assert dialer.may_grow(1_000) is grows
