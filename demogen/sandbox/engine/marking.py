"""Idempotency: what marks a request, how long the mark counts, and who is still at work under it (contract 6).

May import: demogen.sandbox.
"""

from __future__ import annotations

from demogen.sandbox.engine.order import Order, fingerprint
from demogen.sandbox.http import Call
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.journal import Transaction
from demogen.sandbox.store.marks import DEFAULT_TTL_S
from demogen.sandbox.world import World

_MAX_TTL_S = 10 * 365 * 86_400


class Mark:
    """What identifies a request, and until when."""

    __slots__ = ("text", "until")

    def __init__(self, text: str | None, until: int) -> None:
        self.text = text
        self.until = until


def mark_of(world: World, call: Call, order: Order, *, reads_key: bool = True) -> Mark:
    """The key that was sent, else the hash of the order (contract 6)."""
    key = call.headers.get("x-idempotency") if reads_key else None
    if not key and world.quirks["hash-without-key"]:
        key = fingerprint(order)
    return Mark(key or None, world.now_us() + _ttl_s(call.headers.get("x-ttl", "")) * 1_000_000)


def _ttl_s(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_TTL_S:
        return int(text)
    return DEFAULT_TTL_S


def first_answer(world: World, ledger: int, mark: Mark) -> Transaction | None:
    """The transaction an earlier request with this mark booked; 409/0084 while that one is at work."""
    if mark.text is None:
        return None
    if (ledger, mark.text) in world.at_work:
        raise Refusal("0084", entity="Transaction")
    found = world.marks.find(ledger, mark.text, now_us=world.now_us())
    if found is not None and world.saboteur is not None and world.saboteur.forgets():
        return None
    return found


def keep(world: World, transaction: Transaction) -> None:
    """The mark counts from now on."""
    if transaction.mark is not None:
        world.marks.remember(transaction, now_us=world.now_us())


def at_work(world: World, transaction: Transaction) -> tuple[int, str] | None:
    """Its request is at work until its answer leaves; the mark to end that with."""
    if transaction.mark is None:
        return None
    mark = (transaction.ledger, transaction.mark)
    world.at_work.add(mark)
    return mark
