"""What the run moved: by asset, by organization, by account; counted from the journal, named by the population.

Only what the ledger accepted, in the amounts that were asked for, holds included; funding and replayed answers left
out. Sums are exact integers. Judges nothing: whether the ledger booked it so is the auditor's. May import: `record`,
`contract`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from demogen.contract.money import ATTO_SCALE, units_text
from demogen.contract.outcome import Outcome
from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.record.journal import Flag, JournalFile, Kind
from demogen.record.records import DEBIT

Array = np.ndarray[Any, np.dtype[Any]]

#: Beyond this many records (64 bytes each) a summary would take minutes: the report goes without.
RECORDS_MAX = 60_000_000
_TOP = 10


class AssetUse(msgspec.Struct, frozen=True, kw_only=True):
    """One asset: accounts that hold it, legs booked in it, and the sum of what sources gave, as a decimal text."""

    asset: str
    accounts: int
    legs: int
    moved: str


class AccountUse(msgspec.Struct, frozen=True, kw_only=True):
    """One account: what it gave and received in this run, as decimal texts."""

    alias: str
    asset: str
    role: str
    legs: int
    gave: str
    received: str


class OrganizationUse(msgspec.Struct, frozen=True, kw_only=True):
    """One organization: its ledgers, and the transactions the ledger accepted in them."""

    organization_id: str
    ledgers: int
    transactions: int


class Volumes(msgspec.Struct, frozen=True, kw_only=True):
    """The data summary of a run. Busiest first; `accounts` holds the ten busiest only."""

    assets: list[AssetUse] = []
    organizations: list[OrganizationUse] = []
    accounts: list[AccountUse] = []
    roles: dict[str, int] = {}


class Roster(Protocol):
    """Who exists, by position: what a Population is, as far as sums are concerned."""

    @property
    def accounts(self) -> Sequence[AccountRef]: ...
    @property
    def ledgers(self) -> Sequence[LedgerRef]: ...


def volumes(journals: Sequence[Path], population: Roster) -> Volumes:
    """Add up the journals of a run. An empty value where they are too long."""
    files = [JournalFile(path) for path in journals]
    if sum(file.records for file in files) > RECORDS_MAX:
        return Volumes()
    ledgers: Counter[int] = Counter()
    books = _Books(len(population.accounts))
    for file in files:
        accepted = _accepted(file, ledgers)
        for chunk in file.chunks():
            books.add(chunk[Kind.LEGS], accepted)
    return Volumes(
        assets=_assets(population.accounts, books),
        organizations=_organizations(population, ledgers),
        accounts=_busiest(population.accounts, books),
        roles=dict(Counter(account.role for account in population.accounts if not account.external).most_common()),
    )


class _Books:
    """Sums by account and side, in four columns of 32 bits so that no sum can overflow or round."""

    def __init__(self, accounts: int) -> None:
        self._limbs = np.zeros((2, accounts, 4), dtype=np.int64)
        self.legs = np.zeros(accounts, dtype=np.int64)

    def add(self, legs: Array, accepted: Array) -> None:
        chosen = legs[_member(_key(legs), accepted)]
        for letter in ("a", "b"):
            part = chosen if letter == "a" else chosen[chosen["count"] == 2]
            account, side = part[f"account_{letter}"], part[f"side_{letter}"]
            low, high = part[f"lo_{letter}"], part[f"hi_{letter}"]
            # The topmost limb keeps the sign; the others are plain.
            columns = (low & 0xFFFFFFFF, low >> np.uint64(32), high & 0xFFFFFFFF, high >> 32)
            for place, column in enumerate(columns):
                np.add.at(self._limbs[:, :, place], (side, account), column.astype(np.int64))
            np.add.at(self.legs, account, 1)

    def total(self, side: int, account: int) -> int:
        """Atto units."""
        return sum(int(limb) << (32 * place) for place, limb in enumerate(self._limbs[side, account]))


def _key(records: Array) -> Array:
    """One number for (generation, arrival); what has legs is numbered far below 2^48, reads are not counted."""
    key: Array = (records["generation"].astype(np.uint64) << np.uint64(48)) ^ records["arrival"]
    return key


def _member(keys: Array, ordered: Array) -> Array:
    if not len(ordered):
        return np.zeros(len(keys), dtype=bool)
    places = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    found: Array = ordered[places] == keys
    return found


def _accepted(file: JournalFile, ledgers: Counter[int]) -> Array:
    """The keys that count, in order; their transactions are counted by ledger on the way."""
    ended: list[Array] = []
    for chunk in file.chunks():
        outcomes = chunk[Kind.OUTCOME]
        fine = (outcomes["outcome"] == Outcome.ACCEPTED) & ((outcomes["flags"] & Flag.REPLAYED) == 0)
        ended.append(_key(outcomes[fine]))
    accepted = np.unique(np.concatenate(ended)) if ended else np.empty(0, dtype=np.uint64)
    kept: list[Array] = []
    for chunk in file.chunks():
        intents = chunk[Kind.INTENT]
        keys = _key(intents)
        moves = (intents["leg_count"] > 0) & ((intents["flags"] & (Flag.FUNDING | Flag.READ)) == 0)
        counts = moves & _member(keys, accepted)
        kept.append(keys[counts])
        for ledger, number in zip(*np.unique(intents["ledger"][counts], return_counts=True), strict=True):
            ledgers[int(ledger)] += int(number)
    return np.sort(np.concatenate(kept)) if kept else accepted


def _assets(accounts: Sequence[AccountRef], books: _Books) -> list[AssetUse]:
    moved: Counter[str] = Counter()
    legs: Counter[str] = Counter()
    holders = Counter(account.asset for account in accounts if not account.external)
    for account in accounts:
        moved[account.asset] += books.total(DEBIT, account.index)
        legs[account.asset] += int(books.legs[account.index])
    used = sorted(holders | legs, key=lambda asset: (-legs[asset], asset))
    return [AssetUse(asset=a, accounts=holders[a], legs=legs[a], moved=_decimal(moved[a])) for a in used]


def _organizations(population: Roster, ledgers: Counter[int]) -> list[OrganizationUse]:
    owned = Counter(ledger.organization_id for ledger in population.ledgers)
    booked: Counter[str] = Counter()
    for ledger in population.ledgers:
        booked[ledger.organization_id] += ledgers[ledger.index]
    return [
        OrganizationUse(organization_id=one, ledgers=owned[one], transactions=booked[one])
        for one in sorted(owned, key=lambda one: (-booked[one], one))
    ]


def _busiest(accounts: Sequence[AccountRef], books: _Books) -> list[AccountUse]:
    order: Iterable[int] = np.argsort(-books.legs, kind="stable")[:_TOP].tolist()
    return [
        AccountUse(
            alias=accounts[index].alias,
            asset=accounts[index].asset,
            role=accounts[index].role,
            legs=int(books.legs[index]),
            gave=_decimal(books.total(DEBIT, index)),
            received=_decimal(books.total(1 - DEBIT, index)),
        )
        for index in order
        if books.legs[index]
    ]


def _decimal(atto: int) -> str:
    """A decimal text without trailing zeros; thousands are not grouped, programs read it too."""
    text = units_text(atto, ATTO_SCALE)
    return text.rstrip("0").rstrip(".") if "." in text else text
