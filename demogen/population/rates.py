"""Moves a population's asset rates while it is used: in each round every rate drifts a little, the same everywhere.

The server applies no rates and keeps the newest of a pair (contract 3.7), so a round is a PUT each, always with ttl.
May import: client, contract, manifest, known.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import msgspec

from demogen.client.crew import Crew, Job
from demogen.client.retry import RetryPolicy, persist
from demogen.contract.entities import AssetRateInput
from demogen.contract.exchange import Fault, Request
from demogen.contract.routes import ROUTES
from demogen.population.draws import Draw
from demogen.population.kinds import Kind
from demogen.population.known import Known
from demogen.population.manifest import Manifest, Row, State

#: How far a rate may stray from its first value, in basis points.
DRIFT_BP_MAX = 150
_BP = 10_000


def refresh_rates(manifest: Manifest, crew: Crew, *, number: int, policy: RetryPolicy | None = None) -> tuple[int, int]:
    """Send round `number` of every rate; (done, failed)."""
    known, seed = Known(manifest), int(manifest.about().get("digest", "0")[:15] or "0", 16)
    rows = manifest.rows(Kind.ASSET_RATE, states=(State.MADE, State.FOUND))
    done = failed = 0
    for ok in crew.run(_jobs(known, list(rows), seed=seed, number=number, policy=policy or RetryPolicy())):
        done, failed = done + ok, failed + (not ok)
    return done, failed


def drifted(rate: int, *, seed: int, position: int, number: int) -> int:
    """The rate of a round: within the drift of the first one, never below one."""
    draw = Draw(seed, Kind.ASSET_RATE, position << 24 | number)
    return max(1, rate * (_BP + draw.between(-DRIFT_BP_MAX, DRIFT_BP_MAX)) // _BP)


def _jobs(known: Known, rows: list[Row], *, seed: int, number: int, policy: RetryPolicy) -> Iterator[Job[bool]]:
    dice = Random(number)  # for the jitter of retries only
    for row in rows:
        yield _job(known, row, seed=seed, number=number, policy=policy, dice=dice)


def _job(known: Known, row: Row, *, seed: int, number: int, policy: RetryPolicy, dice: Random) -> Job[bool]:
    ledger = known.ledger(row.ledger)
    if ledger is None or not row.body:
        return False
    fields = msgspec.json.decode(row.body)
    fields["rate"] = drifted(fields["rate"], seed=seed, position=row.position, number=number)
    body = AssetRateInput.model_validate(fields).encode()
    target = ROUTES["asset_rate.put"].target(o=ledger.organization_id, l=ledger.ledger_id)
    answer = yield from persist(Request(b"PUT", target.encode(), body), policy=policy, dice=dice)
    return not isinstance(answer, Fault) and answer.status in (200, 201)
