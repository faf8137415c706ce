"""What the ledger at hand can do, decided once: its version, its dialect, and what the dialect breaks.

A table, not branches (contract 13): rooms above ask for a capability, never for a version. May import: `transport`,
`classify`, `contract`, `errors`.
"""

from __future__ import annotations

import re

import msgspec

from demogen.client.classify import error_code
from demogen.client.transport import Transport
from demogen.contract.exchange import Request
from demogen.contract.refusals import Dialect
from demogen.contract.routes import ROUTES
from demogen.errors import PreflightFailed


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What may be relied on. The defaults are true of both dialects."""

    version: str
    dialect: Dialect
    #: Whether this project was checked against recordings of this very version.
    recorded: bool = False
    dsl: bool = True
    routes: bool = True
    asset_rates: bool = True
    #: A `remaining` leg in a direct transaction books what it should (v4: it books nothing, contract 13.1).
    remaining_direct: bool
    #: A `remaining` leg in a two-step transaction does (neither: contract 7.3, 13.1).
    remaining_pending: bool = False
    #: X-Idempotency on a revert keeps equal originals apart (v4 ignores it).
    keyed_reverts: bool
    #: HEAD on a GET route answers as GET does.
    head_follows_get: bool
    #: Accounts belong to holders.
    holders: bool
    #: How long a committed or cancelled transaction answers 0486 before it answers 0099, in seconds.
    step_lock_s: int
    #: `settings` on a new ledger must name the tracer's mode and posture.
    settings_need_tracer: bool


class _Version(msgspec.Struct):
    version: str


_RECORDED = frozenset({"v3.8.0", "v4.0.0"})
_NUMBERS = re.compile(r"v?(\d+)\.(\d+)")
_NOWHERE = b"/v1/there-is-no-such-route"


def detect(transport: Transport) -> Capabilities:
    """Ask the ledger what it is.

    Raises LedgerUnreachable where nothing answers, PreflightFailed where the answer is no ledger's, or one's that this
    project does not know.
    """
    response = transport.send(Request(b"GET", ROUTES["version"].path.encode()))
    try:
        version = msgspec.json.decode(response.body, type=_Version).version if response.status == 200 else ""
    except msgspec.DecodeError:
        version = ""
    if not version:
        raise PreflightFailed(
            f"GET /version was answered with status {response.status} and no version",
            hint="--host must name a Midaz ledger, without /v1",
        )
    return capabilities_of(version, _dialect(version, transport))


def capabilities_of(version: str, dialect: Dialect) -> Capabilities:
    """The row of the table."""
    v4 = dialect == "v4"
    return Capabilities(
        version=version,
        dialect=dialect,
        recorded=version in _RECORDED,
        remaining_direct=not v4,
        keyed_reverts=not v4,
        head_follows_get=not v4,
        holders=v4,
        step_lock_s=300 if v4 else 0,
        settings_need_tracer=v4,
    )


def _dialect(version: str, transport: Transport) -> Dialect:
    numbers = _NUMBERS.match(version)
    if numbers is None:
        # A build without a release number still answers an unknown route in its own way (contract 13.2).
        code = error_code(transport.send(Request(b"GET", _NOWHERE)).body)
        if code not in ("404", "0484"):
            raise PreflightFailed(
                f"cannot tell what ledger version {version!r} is", hint="demogen knows v3.8 and v4 of Midaz"
            )
        return "v4" if code == "0484" else "v3.8"
    major = int(numbers[1])
    if major < 3:
        raise PreflightFailed(f"ledger version {version} is too old", hint="demogen knows v3.8 and v4 of Midaz")
    return "v4" if major >= 4 else "v3.8"
