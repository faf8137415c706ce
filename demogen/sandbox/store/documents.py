"""Keeps organizations, ledgers, assets and the other slow-moving entities as JSON bodies. Judges nothing.

May import: demogen.sandbox.store.database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from demogen.sandbox.store.database import Database

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_CACHED = 4096


class Document:
    """One entity: its key, what it belongs to, its natural name, and its body."""

    __slots__ = ("body", "key", "kind", "name", "scope")

    def __init__(self, key: int, kind: str, scope: int, name: str | None, body: dict[str, Any]) -> None:
        self.key = key
        self.kind = kind
        self.scope = scope
        self.name = name
        self.body = body


class Filter:
    """One SQL condition of a list, with its values."""

    __slots__ = ("sql", "values")

    def __init__(self, sql: str, *values: object) -> None:
        self.sql = sql
        self.values = values


def field_is(path: str, value: object) -> Filter:
    """A field of the body equals a value."""
    return Filter(f"json_extract(body, '$.{path}') = ?", value)


def field_starts(path: str, prefix: str) -> Filter:
    """A text field of the body starts with a prefix, in any case."""
    wanted = prefix.strip().lower()
    return Filter(f"substr(fold(json_extract(body, '$.{path}')), 1, ?) = ?", len(wanted), wanted)


def field_like(path: str, pattern: str) -> Filter:
    """A text field equals a pattern in which _ stands for any character and % for any text."""
    return Filter(f"json_extract(body, '$.{path}') glob ?", as_glob(pattern))


def as_glob(pattern: str) -> str:
    """SQL's LIKE pattern as a GLOB one, which minds the case."""
    return "".join({"_": "?", "%": "*"}.get(letter, f"[{letter}]" if letter in "*?[" else letter) for letter in pattern)


def metadata_is(key: str, value: str) -> Filter:
    """A metadata value, written as text, equals a text (contract 2.3)."""
    return Filter(
        "exists (select 1 from json_each(body, '$.metadata') as m where m.key = ? and m.type = 'text' and m.value = ?)",
        key,
        value,
    )


class Documents:
    """The table of documents, with a small cache of the ones each request asks for."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._cache: dict[int, Document] = {}

    def add(self, document: Document) -> None:
        self._db.write(
            "insert into documents (key, kind, scope, name, body) values (?, ?, ?, ?, ?)",
            (document.key, document.kind, document.scope, document.name, _encode(document.body).decode()),
        )

    def save(self, document: Document) -> None:
        """Write a changed body or name back."""
        self._cache.pop(document.key, None)
        self._db.write(
            "update documents set name = ?, body = ? where key = ?",
            (document.name, _encode(document.body).decode(), document.key),
        )

    def delete(self, document: Document, *, now_us: int) -> None:
        """Soft: the row stays, no read finds it (contract 2.2)."""
        self._cache.pop(document.key, None)
        self._db.write("update documents set deleted = ? where key = ?", (now_us, document.key))

    def get(self, kind: str, scope: int, key: int) -> Document | None:
        """By key. Callers must not change the body unless they save it."""
        found = self._cache.get(key)
        if found is None:
            row = self._db.one(
                "select key, kind, scope, name, body from documents where key = ? and deleted is null", (key,)
            )
            if row is None:
                return None
            found = _document(row)
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[key] = found
        return found if found.kind == kind and found.scope == scope else None

    def named(self, kind: str, scope: int, name: str) -> Document | None:
        """By natural name."""
        row = self._db.one(
            "select key, kind, scope, name, body from documents"
            " where kind = ? and scope = ? and name = ? and deleted is null",
            (kind, scope, name),
        )
        return None if row is None else _document(row)

    def name_is_taken(self, kind: str, scope: int, name: str) -> bool:
        """Whether a name is there, with the ledger's comparison: _ and % in the new one match anything."""
        if "_" not in name and "%" not in name:
            return self.named(kind, scope, name) is not None
        row = self._db.one(
            "select 1 from documents where kind = ? and scope = ? and name glob ? and deleted is null",
            (kind, scope, as_glob(name)),
        )
        return row is not None

    def ever(self, kind: str, key: int) -> bool:
        """Whether it was ever there, deleted or not: what a foreign key of the server asks."""
        return self._db.one("select 1 from documents where key = ? and kind = ?", (key, kind)) is not None

    def list(
        self, kind: str, scope: int | None, filters: Sequence[Filter] = (), *, tail: str = "order by key"
    ) -> list[Document]:
        """All that match, in the order and range that `tail` (our own SQL) says."""
        where, values = _where(kind, scope, filters)
        rows = self._db.all(f"select key, kind, scope, name, body from documents where {where} {tail}", values)
        return [_document(row) for row in rows]

    def count(self, kind: str, scope: int | None) -> int:
        where, values = _where(kind, scope, ())
        return int(self._db.one(f"select count(*) from documents where {where}", values)[0])

    def forget(self) -> None:
        """Drop the cache, after a rollback."""
        self._cache.clear()


def _document(row: Sequence[Any]) -> Document:
    key, kind, scope, name, body = row
    return Document(key, kind, scope, name, _decode(body))


def _where(kind: str, scope: int | None, filters: Sequence[Filter]) -> tuple[str, list[Any]]:
    sql = ["kind = ?", "deleted is null"]
    values: list[Any] = [kind]
    if scope is not None:
        sql.append("scope = ?")
        values.append(scope)
    for one in filters:
        sql.append(one.sql)
        values.extend(one.values)
    return " and ".join(sql), values


def merge_metadata(old: Mapping[str, Any] | None, patch: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Merge patch: a null removes its key, other keys are set (contract 2.1); no patch at all removes everything."""
    if patch is None:
        return None
    merged = {**(old or {}), **patch}
    return {key: value for key, value in merged.items() if value is not None} or None
