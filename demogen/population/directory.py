"""The population as a run sees it: ledgers and accounts with the ids a server gave them, by position.

Read from a manifest, or from bytes that a worker was sent. Positions are dense and follow the plan: the accounts of a
ledger, then its `@external/ASSET` companions, ledger by ledger. Sends nothing. May import: errors, contract, manifest.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from uuid import UUID

import msgspec

from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.errors import UsageError
from demogen.population.extras import Extras, FlowRoute, read_extras
from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest, State

_VERSION = 2
_EXISTS = (State.MADE, State.FOUND)


class _Packed(msgspec.Struct, array_like=True):
    """Columns that travel to a worker."""

    version: int
    about: dict[str, str]
    counts: dict[str, int]
    ledgers: list[tuple[bytes, bytes]]
    names: list[str]
    account_ids: bytes
    aliases: list[str]
    ledger_of: list[int]
    asset_of: list[int]
    role_of: list[int]
    scales: list[int]
    extras: Extras


class Population:
    """Who exists. `accounts[i].index == i`; an external account has no id here, its alias names it (contract 3.3)."""

    def __init__(
        self,
        *,
        about: dict[str, str],
        ledgers: Sequence[LedgerRef],
        accounts: Sequence[AccountRef],
        counts: dict[str, int],
        extras: Extras,
    ) -> None:
        self.about = about
        self.ledgers = ledgers
        self.accounts = accounts
        self.extras = extras
        self._counts = counts

    @property
    def id(self) -> str:
        """What the marks of its entities and deposits begin with; deposits carry `{id}-d{n}`."""
        return self.about.get("id", "")

    @property
    def run_id(self) -> str:
        """The same as `id`."""
        return self.id

    @property
    def digest(self) -> str:
        """Identifies the plan it was made from."""
        return self.about.get("digest", "")

    @property
    def seed(self) -> int:
        return int(self.about.get("seed", "0"))

    @property
    def preset(self) -> str:
        return self.about.get("preset", "custom")

    @property
    def url(self) -> str:
        """The server it was made on."""
        return self.about.get("url", "")

    @property
    def overdrafts(self) -> dict[int, str]:
        """Overdraft limits as decimal texts, by account position; absent where an account has none."""
        return self.extras.overdrafts

    @property
    def balance_keys(self) -> dict[int, str]:
        """The key of an account's additional balance, by account position; absent where it has none."""
        return self.extras.balance_keys

    def worth(self, asset: str) -> Fraction:
        """What one whole unit of an asset is worth in dollars; one where nobody knows."""
        return Fraction(self.extras.worth.get(asset, "1"))

    def rate(self, ledger: int, source: str, target: str) -> Fraction | None:
        """What one unit of `source` is worth in `target`, by one hop or two; None where no rates lead there."""
        if source == target:
            return Fraction(1)
        onwards = self._rate_table.get((ledger, source), {})
        if target in onwards:
            return onwards[target]
        for middle, rate in onwards.items():
            last = self._rate_table.get((ledger, middle), {}).get(target)
            if last is not None:
                return rate * last
        return None

    @cached_property
    def _rate_table(self) -> dict[tuple[int, str], dict[str, Fraction]]:
        table: dict[tuple[int, str], dict[str, Fraction]] = {}
        for one in self.extras.rates:
            table.setdefault((one.ledger, one.source), {})[one.target] = one.value
            table.setdefault((one.ledger, one.target), {})[one.source] = 1 / one.value
        return table

    def route(self, ledger: int, name: str) -> FlowRoute | None:
        """The accounting routes of a flow (payment, transfer, refund, fee, funding) in a ledger."""
        return self._route_table.get((ledger, name))

    @cached_property
    def _route_table(self) -> dict[tuple[int, str], FlowRoute]:
        return {(one.ledger, one.name): one for one in self.extras.routes}

    def counts(self) -> dict[str, int]:
        """How many of each kind exist, by plural name, in the order they were made."""
        return dict(self._counts)

    @classmethod
    def open(cls, path: Path) -> Population:
        """Read a manifest; `path` may be its folder. Raises UsageError where there is none, or an empty one."""
        file = path / "population.sqlite" if path.is_dir() else path
        if not file.exists():
            raise UsageError(f"there is no population in {path}", hint="make one: demogen generate --run-dir DIR")
        manifest = Manifest(file, read_only=True)
        try:
            return _read(manifest)
        finally:
            manifest.close()

    def to_bytes(self) -> bytes:
        """Everything but entity bodies, compressed: about ten bytes an account and its alias."""
        names = sorted({account.asset for account in self.accounts} | {account.role for account in self.accounts})
        place = {name: position for position, name in enumerate(names)}
        packed = _Packed(
            version=_VERSION,
            about=self.about,
            counts=self._counts,
            ledgers=[(_raw(ledger.organization_id), _raw(ledger.ledger_id)) for ledger in self.ledgers],
            names=names,
            account_ids=b"".join(_raw(account.account_id) for account in self.accounts),
            aliases=[account.alias for account in self.accounts],
            ledger_of=[account.ledger.index for account in self.accounts],
            asset_of=[place[account.asset] for account in self.accounts],
            role_of=[place[account.role] for account in self.accounts],
            scales=[account.scale for account in self.accounts],
            extras=self.extras,
        )
        return zlib.compress(msgspec.msgpack.encode(packed), 6)

    @classmethod
    def from_bytes(cls, packed: bytes) -> Population:
        """The population that `to_bytes` packed. Raises UsageError where it is something else."""
        try:
            columns = msgspec.msgpack.decode(zlib.decompress(packed), type=_Packed)
        except (zlib.error, msgspec.DecodeError) as error:
            raise UsageError("these bytes hold no population", hint="run one version of demogen everywhere") from error
        if columns.version != _VERSION:
            raise UsageError(
                f"population format {columns.version} is not {_VERSION}", hint="run one version of demogen everywhere"
            )
        ledgers = [
            LedgerRef(index, str(UUID(bytes=organization)), str(UUID(bytes=ledger)))
            for index, (organization, ledger) in enumerate(columns.ledgers)
        ]
        names, ids = columns.names, columns.account_ids
        accounts = [
            AccountRef(
                index=index,
                account_id=_text(ids[index * 16 : index * 16 + 16]),
                alias=alias,
                asset=names[columns.asset_of[index]],
                scale=columns.scales[index],
                ledger=ledgers[columns.ledger_of[index]],
                role=names[columns.role_of[index]],
                external=alias.startswith("@external/"),
            )
            for index, alias in enumerate(columns.aliases)
        ]
        return cls(
            about=columns.about,
            ledgers=ledgers,
            accounts=accounts,
            counts=columns.counts,
            extras=columns.extras,
        )


def _read(manifest: Manifest) -> Population:
    organizations = {row.position: _text(row.id) for row in manifest.rows(Kind.ORGANIZATION, states=_EXISTS)}
    ledgers: list[LedgerRef] = []
    at: dict[int, int] = {}
    for row in manifest.rows(Kind.LEDGER, states=_EXISTS):
        if row.owner in organizations:
            at[row.position] = len(ledgers)
            ledgers.append(LedgerRef(len(ledgers), organizations[row.owner], _text(row.id)))
    accounts, position_of = _accounts(manifest, ledgers, at)
    if not accounts:
        raise UsageError(
            f"the population in {manifest.path} has no accounts yet", hint="finish it: demogen generate --resume"
        )
    extras = read_extras(manifest, ledgers=at, accounts=position_of)
    counts = {
        kind.label: sum(number for state, number in states.items() if state in _EXISTS)
        for kind, states in manifest.counts().items()
    }
    return Population(
        about=manifest.about(), ledgers=ledgers, accounts=accounts, extras=extras,
        counts={label: number for label, number in counts.items() if number},
    )  # fmt: skip


def _accounts(
    manifest: Manifest, ledgers: Sequence[LedgerRef], at: dict[int, int]
) -> tuple[list[AccountRef], dict[int, int]]:
    """Accounts ledger by ledger, each ledger's external ones last; and where each planned account came to stand."""
    accounts: list[AccountRef] = []
    position_of: dict[int, int] = {}
    assets = _by_ledger(
        (row.ledger, row.label, row.scale) for row in manifest.rows(Kind.ASSET, states=_EXISTS) if row.ledger in at
    )
    scales = {(ledger, code): scale for ledger, rows in assets.items() for code, scale in rows}
    current = -1
    for row in manifest.rows(Kind.ACCOUNT, states=_EXISTS):
        if row.ledger not in at:
            continue
        if row.ledger != current:
            _externals(accounts, assets.pop(current, []), ledgers, at.get(current, -1))
            current = row.ledger
        position_of[row.position] = len(accounts)
        scale = scales.get((row.ledger, row.asset), row.scale)
        ledger = ledgers[at[row.ledger]]
        accounts.append(AccountRef(len(accounts), _text(row.id), row.label, row.asset, scale, ledger, row.role))
    _externals(accounts, assets.pop(current, []), ledgers, at.get(current, -1))
    return accounts, position_of


def _externals(
    accounts: list[AccountRef], assets: Iterable[tuple[str, int]], ledgers: Sequence[LedgerRef], place: int
) -> None:
    for code, scale in assets:
        accounts.append(
            AccountRef(
                index=len(accounts),
                account_id="",
                alias=f"@external/{code}",
                asset=code,
                scale=scale,
                ledger=ledgers[place],
                role="external",
                external=True,
            )
        )


def _by_ledger(rows: Iterable[tuple[int, str, int]]) -> dict[int, list[tuple[str, int]]]:
    grouped: dict[int, list[tuple[str, int]]] = {}
    for ledger, code, scale in rows:
        grouped.setdefault(ledger, []).append((code, scale))
    return grouped


def _raw(text: str) -> bytes:
    return UUID(text).bytes if text else bytes(16)


def _text(raw: bytes | None) -> str:
    return str(UUID(bytes=raw)) if raw and any(raw) else ""
