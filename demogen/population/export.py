"""Writes a population out: a file for each kind, ids of everything, a data dictionary and a relationship map.

JSON and JSON Lines are streamed row by row; CSV and Parquet are made of those by DuckDB, out of core. Reads the
manifest and, for bookings, the ledger. May import: client, manifest, anonymise, mapping, reading.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from demogen.client.crew import Crew
from demogen.client.retry import RetryPolicy
from demogen.contract.transactions import LedgerRef
from demogen.errors import RunFolderError, UsageError
from demogen.population.anonymise import Anonymiser
from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest, Row, State
from demogen.population.mapping import dictionary, dot, mermaid
from demogen.population.reading import ReadOperation, ReadTransaction, read_transactions

Format = Literal["json", "jsonl", "csv", "parquet"]
FORMATS: tuple[str, ...] = get_args(Format)
_EXISTS = (State.MADE, State.FOUND)

Record = dict[str, Any]


class Exporter:
    """Writes the files of one export into a folder. Raises UsageError for an unknown format or a folder in use."""

    def __init__(self, manifest: Manifest, folder: Path, *, form: str, anonymiser: Anonymiser | None = None) -> None:
        if form not in FORMATS:
            raise UsageError(f"unknown export format {form!r}", hint=f"use {', '.join(FORMATS)}")
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty", hint="name a new folder")
        self._manifest = manifest
        self._folder = folder
        self._form = form
        self._anonymiser = anonymiser
        self._population = manifest.about().get("id", "")
        self.files: dict[str, int] = {}
        #: What each table has for columns, with an example each; filled while writing.
        self.columns: dict[str, dict[str, object]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(f"cannot make {folder}: {error.strerror}", hint="name a writable folder") from error

    def entities(self) -> None:
        """A file for each kind, and `ids` for all of them."""
        for kind in Kind:
            if self._manifest.count(kind, _EXISTS):
                self.table(kind.label, self._records(kind))
        self.table("ids", self._ids())

    def bookings(self, crew: Crew, *, policy: RetryPolicy | None = None) -> None:
        """Transactions and their legs as the ledger tells them: `bookings` and `operations`."""
        legs = _Spool(self._folder / "operations.spool")
        heads = _Spool(self._folder / "bookings.spool")
        aliases = _Aliases(self._manifest, self._anonymiser)

        def take(ledger: LedgerRef, transactions: list[ReadTransaction]) -> None:
            for one in transactions:
                heads.add(_booking(ledger, one))
                for leg in one.operations or ():
                    legs.add({**_operation(ledger, one, leg), "account_alias": aliases.of(ledger, leg.account_alias)})

        try:
            read_transactions(self._manifest, crew, take, policy=policy)
            self.table("bookings", heads.records())
            self.table("operations", legs.records())
        finally:
            heads.close()
            legs.close()

    def papers(self) -> None:
        """The data dictionary and the relationship maps."""
        texts = {
            "dictionary.md": dictionary(self.columns),
            "relations.mmd": mermaid(self._manifest),
            "relations.dot": dot(self._manifest, named=self._anonymiser is None),
        }
        for name, text in texts.items():
            (self._folder / name).write_text(text, encoding="utf-8")

    def table(self, name: str, records: Iterable[Record]) -> None:
        """One file of records."""
        flat = self._form in ("csv", "parquet")
        lines = self._folder / f"{name}.jsonl"
        count = 0
        columns = self.columns.setdefault(name, {})
        try:
            with lines.open("wb") as file:
                for record in records:
                    row = _flat(record) if flat else record
                    for column, value in row.items():
                        if columns.get(column) is None:
                            columns[column] = value
                    file.write(msgspec.json.encode(row) + b"\n")
                    count += 1
            self._convert(lines, columns)
        except OSError as error:
            raise RunFolderError(f"cannot write {lines}: {error.strerror}", hint="free some space") from error
        self.files[f"{name}.{self._form}"] = count

    def _convert(self, lines: Path, columns: dict[str, object]) -> None:
        if self._form == "jsonl":
            return
        target = lines.with_suffix(f".{self._form}")
        if self._form == "json":
            _as_array(lines, target)
        else:
            _by_duckdb(lines, target, columns)
        lines.unlink()

    def _records(self, kind: Kind) -> Iterator[Record]:
        owners = _Ids(self._manifest)
        for row in self._manifest.rows(kind, states=_EXISTS):
            body = msgspec.json.decode(row.body) if row.body else {}
            if self._anonymiser is not None:
                body = self._anonymiser.body(kind, body, position=row.position)
            yield {**self._head(row, owners), **_money(row), **body}

    def _ids(self) -> Iterator[Record]:
        owners = _Ids(self._manifest)
        for row in self._manifest.rows(states=_EXISTS):
            yield {"kind": row.kind.label, **self._head(row, owners)}

    def _head(self, row: Row, owners: _Ids) -> Record:
        head: Record = {
            "position": row.position,
            "id": _text(row.id),
            "mark": f"{self._population}-{row.kind.letter}{row.position}",
        }
        if row.kind is not Kind.ORGANIZATION:
            head["organization_id"] = owners.of(Kind.ORGANIZATION, row.owner)
        if row.kind not in (Kind.ORGANIZATION, Kind.LEDGER):
            head["ledger_id"] = owners.of(Kind.LEDGER, row.ledger)
        return head


class _Spool:
    """Records on disk between two passes: pages of many ledgers come mixed, and memory stays flat."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w+b")

    def add(self, record: Record) -> None:
        self._file.write(msgspec.json.encode(record) + b"\n")

    def records(self) -> Iterator[Record]:
        self._file.seek(0)
        for line in self._file:
            yield msgspec.json.decode(line)

    def close(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class _Aliases:
    """What an alias is called in the export: itself, or its pseudonym."""

    def __init__(self, manifest: Manifest, anonymiser: Anonymiser | None) -> None:
        self._anonymiser = anonymiser
        self._positions: dict[tuple[int, str], int] = {}
        if anonymiser is not None:
            rows = manifest.rows(Kind.ACCOUNT, states=_EXISTS)
            self._positions = {(row.ledger, row.label): row.position for row in rows}

    def of(self, ledger: LedgerRef, alias: str) -> str:
        if self._anonymiser is None or alias.startswith("@external/"):
            return alias
        position = self._positions.get((ledger.index, alias))
        return self._anonymiser.alias(position) if position is not None else "@account-unknown"


def _booking(ledger: LedgerRef, one: ReadTransaction) -> Record:
    return {
        "id": one.id, "mark": one.mark, "organization_id": ledger.organization_id, "ledger_id": ledger.ledger_id,
        "created_at": one.created_at, "description": one.description, "status": one.status.code,
        "asset": one.asset_code, "amount": one.amount, "pattern": one.pattern,
        "parent_transaction_id": one.parent_transaction_id,
    }  # fmt: skip


def _operation(ledger: LedgerRef, one: ReadTransaction, leg: ReadOperation) -> Record:
    return {
        "id": leg.id, "transaction_id": one.id, "ledger_id": ledger.ledger_id, "type": leg.type,
        "direction": leg.direction, "account_id": leg.account_id, "account_alias": leg.account_alias,
        "balance_key": leg.balance_key, "asset": leg.asset_code, "amount": leg.amount.value,
    }  # fmt: skip


class _Ids:
    """Ids of organizations and ledgers, the last ones kept."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._kept: dict[tuple[Kind, int], str | None] = {}

    def of(self, kind: Kind, position: int) -> str | None:
        key = (kind, position)
        if key not in self._kept:
            if len(self._kept) > 10_000:
                self._kept.clear()
            rows = self._manifest.span(kind, position, position + 1, states=_EXISTS)
            self._kept[key] = _text(rows[0].id) if rows else None
        return self._kept[key]


def _money(row: Row) -> Record:
    """What a deposit or transaction row knows beyond its ids."""
    if row.kind is Kind.DEPOSIT:
        return {"asset": row.asset, "units": row.label, "scale": row.scale, "account_position": row.position}
    if row.kind is Kind.TRANSACTION:
        return {"pattern": row.label}
    if row.kind is Kind.OVERDRAFT:
        return {"limit": row.label}
    return {}


def _flat(record: Record) -> Record:
    """Nested objects one level down as columns; what is deeper, and metadata, as JSON text."""
    flat: Record = {}
    for key, value in record.items():
        if key == "metadata" or isinstance(value, list):
            flat[key] = json.dumps(value, ensure_ascii=False, sort_keys=True)
        elif isinstance(value, dict):
            for inner, deep in value.items():
                nested = isinstance(deep, dict | list)
                flat[f"{key}_{inner}"] = json.dumps(deep, ensure_ascii=False) if nested else deep
        else:
            flat[key] = value
    return flat


def _as_array(lines: Path, target: Path) -> None:
    with lines.open("rb") as source, target.open("wb") as file:
        file.write(b"[")
        for number, line in enumerate(source):
            file.write((b",\n" if number else b"\n") + line.rstrip(b"\n"))
        file.write(b"\n]\n")


def _by_duckdb(lines: Path, target: Path, columns: dict[str, object]) -> None:
    import duckdb  # two tenths of a second to import; only these two formats need it

    # Everything that is no whole number or truth value stays text: a document of digits must keep its zeros.
    types = {name: _sql_type(value) for name, value in columns.items()} or {"id": "varchar"}
    listed = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in types.items())
    form = "format csv, header" if target.suffix == ".csv" else "format parquet, compression zstd"
    with duckdb.connect() as database:
        database.execute(
            f"copy (select * from read_json({_quoted(str(lines))}, format='newline_delimited', columns={{{listed}}})) "
            f"to {_quoted(str(target))} ({form})"
        )


def _sql_type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "bigint" if isinstance(value, int) else "varchar"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(raw: bytes | None) -> str | None:
    return str(UUID(bytes=raw)) if raw and any(raw) else None
