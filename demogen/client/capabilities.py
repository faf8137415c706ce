"""Decides once which server this is and what it has; v3.8 and v4 differ in a table, not in branches (contract 13).

May import: `transport`, `contract`, `errors`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from demogen.client.transport import Transport
from demogen.contract.exchange import Request
from demogen.contract.routes import ROUTES
from demogen.errors import PreflightFailed

Dialect = Literal["v3.8", "v4"]


class Capabilities(msgspec.Struct, frozen=True):
    """What the server said it is, and what follows from that.

    `remaining_direct` and `remaining_pending`: whether a leg of that kind is booked rightly (contract 7.3, 13.1).
    """

    version: str
    dialect: Dialect
    dsl: bool = True
    remaining_direct: bool = True
    remaining_pending: bool = False
    revert_takes_key: bool = True


_TABLE: dict[Dialect, Capabilities] = {
    "v3.8": Capabilities("", "v3.8"),
    "v4": Capabilities("", "v4", remaining_direct=False, revert_takes_key=False),
}


def detect(transport: Transport) -> Capabilities:
    """Ask `/version`. Raises LedgerUnreachable, or PreflightFailed where something else than a ledger answers."""
    route = ROUTES["version"]
    response = transport.send(Request(route.method.encode(), route.target().encode()))
    try:
        version = str(msgspec.json.decode(response.body, type=dict[str, object])["version"])
    except (msgspec.DecodeError, KeyError):
        raise PreflightFailed(
            f"what answers there ({response.status} to /version) is not a Midaz ledger",
            hint="--host is the ledger's base address, without /v1",
        ) from None
    number = version.lstrip("v").partition(".")[0]
    dialect: Dialect = "v4" if number.isdigit() and int(number) >= 4 else "v3.8"
    return msgspec.structs.replace(_TABLE[dialect], version=version)
