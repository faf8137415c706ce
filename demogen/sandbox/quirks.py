"""What the real server gets wrong, by name; each is on unless switched off (contract 1, 7.3, 13.1).

A table of names and sentences; the engine asks a `Quirks` value. May import: demogen.errors.
"""

from __future__ import annotations

from typing import NamedTuple

from demogen.errors import UsageError


class Quirk(NamedTuple):
    """A fault of the real server: what it does, and what the sane ledger does instead."""

    name: str
    sentence: str
    sane: str
    dialects: tuple[str, ...] = ("v3.8", "v4")


QUIRKS: tuple[Quirk, ...] = (
    Quirk(
        "hash-without-key",
        "a create without X-Idempotency that repeats a body within 300 s is replayed, not booked",
        "only a request that carries a key can be replayed",
    ),
    Quirk(
        "equal-reverts-collide",
        "reverting two equal originals within 300 s without a key reverts the first only",
        "each original is reverted on its own",
    ),
    Quirk(
        "revert-ignores-key",
        "X-Idempotency on a revert is ignored",
        "the key of a revert works as on a create",
        ("v4",),
    ),
    Quirk(
        "commit-forgets-remaining",
        "on commit or cancel of a hold a remaining leg counts as zero, so money is lost or stays held",
        "the leg keeps the amount it had at the hold",
        ("v3.8",),
    ),
    Quirk(
        "direct-remaining-vanishes",
        "a remaining leg of a direct transaction resolves to zero, so money is lost or made",
        "the leg takes what is left",
        ("v4",),
    ),
    Quirk(
        "hold-skips-source-remaining",
        "a hold leaves a remaining source leg out, and commit or cancel then take it from onHold",
        "the leg is held like any other",
        ("v4",),
    ),
    Quirk(
        "flags-cached",
        "allowSending and allowReceiving of a used balance keep their old values for an hour",
        "a PATCH of the flags acts at once",
    ),
    Quirk(
        "recent-use-blocks-delete",
        "an account that moved money within the last hour cannot be deleted, even at zero",
        "an account at zero can be deleted",
    ),
    Quirk(
        "deletes-lag",
        "deleting a balance is judged on funds of half a second ago",
        "it is judged on the funds it has",
    ),
    Quirk(
        "dsl-drops-scale",
        "the number after the bar of a DSL amount is dropped: USD 100|2 is one hundred",
        "USD 100|2 is one",
    ),
    Quirk(
        "missing-alias-breaks",
        "a leg without accountAlias is answered with 500",
        "it is a missing field, 400/0009",
    ),
    Quirk(
        "unknown-route-breaks",
        "with validateRoutes a transaction route that does not exist is answered with 500",
        "it is 404/0105",
    ),
    Quirk(
        "rate-without-ttl-breaks",
        "an asset rate without ttl is answered with 500/0046 (on v3.8.0, where it ends the server, with 400)",
        "ttl is a required field, 400/0009",
        ("v4",),
    ),
    Quirk(
        "rate-external-id-breaks",
        "an asset rate whose externalId is no UUID is answered with 500",
        "it is 400/0047",
    ),
    Quirk(
        "rate-replace-answers-new-id",
        "the answer of a replaced asset rate shows an id, source and metadata that no read shows",
        "the answer is what a read shows",
    ),
    Quirk(
        "asset-delete-breaks",
        "deleting an asset is answered with 500 and deletes nothing",
        "the asset is deleted",
        ("v4",),
    ),
    Quirk(
        "negative-shares",
        "a negative percentage is accepted and makes a negative operation amount",
        "a percentage is positive, else 400/0047",
    ),
    Quirk(
        "names-are-patterns",
        "in a new alias or name _ matches any letter and % any text, so @a_1 is refused beside @ab1",
        "names are compared as they are",
    ),
    Quirk(
        "notes-in-history",
        "the balance history takes an annotation for a change to zero",
        "annotations change no balance",
    ),
    Quirk(
        "alias-read-drops-metadata",
        "reading an account by alias or external code leaves its metadata out",
        "metadata is part of every read",
    ),
    Quirk(
        "patch-answers-without-legs",
        "PATCH of a transaction answers with source, destination and operations null",
        "the answer is what a read shows",
    ),
    Quirk(
        "reads-cut-operations",
        "a read of one transaction shows ten of its operations, or as many as limit says",
        "it shows all of them",
    ),
    Quirk(
        "back-cursor",
        "a page reached backwards shows a next cursor only where a further page lies before it",
        "a page reached backwards always has a next one",
    ),
)

_BY_NAME = {quirk.name: quirk for quirk in QUIRKS}


class Quirks:
    """Which quirks are on; `quirks["name"]` asks."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def __getitem__(self, name: str) -> bool:
        if name not in _BY_NAME:
            raise KeyError(name)
        return name in self._names

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(quirk.name for quirk in QUIRKS if quirk.name in self._names)


def choose(text: str, *, dialect: str) -> Quirks:
    """`all`, `none`, or names separated by commas; names that another version has are simply off."""
    offered = frozenset(quirk.name for quirk in QUIRKS if dialect in quirk.dialects)
    if text == "all":
        return Quirks(offered)
    if text == "none":
        return Quirks(frozenset())
    asked = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(asked - _BY_NAME.keys())
    if unknown:
        raise UsageError(f"no quirk named {', '.join(unknown)}", hint="known: all, none, " + ", ".join(_BY_NAME))
    return Quirks(offered & asked)
