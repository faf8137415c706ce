"""The idempotency scorecard: what a ledger does with a request that comes twice, in every way it can.

Each probe sends to a ledger of its own and counts what is booked. SAFE: money moved once, as asked. NOTED: not doubled,
but a client must know of it. UNSAFE: doubled, lost, or answered with what did not happen. May import: `client`,
`contract`, `workbench`.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from demogen.audit.probes.workbench import Workbench, payment, request_of
from demogen.client.crew import Crew
from demogen.clock import Clock
from demogen.contract.exchange import Fault, Request, Response


class Grade(enum.StrEnum):
    """What a probe found."""

    SAFE = "SAFE"
    NOTED = "NOTED"
    UNSAFE = "UNSAFE"


class Score(msgspec.Struct, frozen=True):
    """One line of the card: the probe, its grade, what happened, and how often the ledger booked it."""

    probe: str
    grade: Grade
    happened: str
    booked: int


class Bench:
    """One probe's ledger, and the ways to send to it. `hasty` gives up on an answer almost at once."""

    def __init__(self, work: Workbench, name: str, *, hasty: Crew | None, clock: Clock) -> None:
        self.work = work
        self.name = name
        self.clock = clock
        self.hasty = hasty
        self.ledger, accounts = work.ledger(name, accounts=2, funds=100_000)
        self.payer, self.payee = accounts[0], accounts[1]

    def pay(self, value: str = "10", *, key: str = "", what: str = "", headers: str = "") -> Request:
        """A payment; `what` is its description, the probe's name where there is none."""
        body = payment(self.payer, self.payee, value, what or self.name)
        return request_of("transaction.json", body, self.ledger, key=key, headers=headers)

    def key(self, name: str = "key") -> str:
        return f"{self.work.tag}-{self.name}-{name}"

    def count(self, what: str = "") -> int:
        return len(self.work.booked(self.ledger, what or self.name))

    def send(self, request: Request) -> Answer:
        return Answer(self.work.ask(request))


class Answer:
    """What came of one request, as a probe looks at it."""

    def __init__(self, answer: Response | Fault) -> None:
        self.fault = answer if isinstance(answer, Fault) else None
        self.status = 0 if isinstance(answer, Fault) else answer.status
        replayed = None if isinstance(answer, Fault) else answer.header(b"x-idempotency-replayed")
        self.replayed = replayed == b"true"
        self.body: dict[str, Any] = {}
        if isinstance(answer, Response) and answer.body.startswith(b"{"):
            self.body = msgspec.json.decode(answer.body)

    @property
    def id(self) -> str:
        return str(self.body.get("id", "")) if self.status == 201 else ""

    @property
    def told(self) -> str:
        """In a word or two."""
        if self.fault is not None:
            return self.fault.label
        if self.status == 201:
            return "a replay" if self.replayed else "201"
        return f"{self.status}/{self.body.get('code', '?')}"


def repeated(bench: Bench) -> Score:
    """The same key and body, one after the other."""
    first, second = bench.send(bench.pay(key=bench.key())), bench.send(bench.pay(key=bench.key()))
    booked = bench.count()
    grade = Grade.SAFE if booked == 1 and second.id == first.id and second.replayed else Grade.UNSAFE
    return Score(bench.name, grade, f"{first.told}, then {second.told}", booked)


def at_once(bench: Bench) -> Score:
    """Eight equal requests under one key, at the same moment."""
    answers = [Answer(answer) for answer in bench.work.together([bench.pay(key=bench.key())] * 8)]
    booked = bench.count()
    told = ", ".join(f"{count} × {what}" for what, count in sorted(Counter(one.told for one in answers).items()))
    ids = {one.id for one in answers if one.id}
    safe = booked == 1 and len(ids) == 1 and sum(one.status == 201 and not one.replayed for one in answers) == 1
    return Score(bench.name, Grade.SAFE if safe else Grade.UNSAFE, told, booked)


def other_body(bench: Bench) -> Score:
    """A used key with another amount."""
    first, second = bench.send(bench.pay("10", key=bench.key())), bench.send(bench.pay("11", key=bench.key()))
    booked = bench.count()
    told = f"{first.told}, then {second.told}"
    if booked != 1:
        return Score(bench.name, Grade.UNSAFE, told, booked)
    if second.status == 201:
        return Score(bench.name, Grade.NOTED, f"{told}: the second body is dropped without a word", booked)
    return Score(bench.name, Grade.SAFE, told, booked)


def after_an_error(bench: Bench) -> Score:
    """A row of requests, each under a key of its own; what is not answered with 201 is sent again under its key."""
    requests = [bench.pay("1", key=bench.key(str(number))) for number in range(_ROW)]
    answers = [bench.send(request) for request in requests]
    again = {number: bench.send(requests[number]) for number, answer in enumerate(answers) if answer.status != 201}
    last = [again.get(number, answer) for number, answer in enumerate(answers)]
    booked = sorted(str(item["id"]) for item in bench.work.booked(bench.ledger, bench.name))
    told = f"{_ROW} × 201"
    if again:
        first, then = next((answers[number].told, answer.told) for number, answer in again.items())
        told = f"{len(again)} of {_ROW} with {first}, again {then}"
    # What was never acknowledged may be booked once or not at all; what was, once.
    promised = {answer.id for answer in last if answer.id}
    open_ends = sum(not answer.id for answer in last)
    kept = promised <= set(booked) and len(booked) <= len(promised) + open_ends
    return Score(bench.name, Grade.SAFE if kept else Grade.UNSAFE, told, len(booked))


def without_key(bench: Bench) -> Score:
    """Two equal payments without any key."""
    first, second = bench.send(bench.pay()), bench.send(bench.pay())
    booked = bench.count()
    told = f"{first.told}, then {second.told}"
    if booked == 1:
        told += ": two honest equal payments become one"
    return Score(bench.name, Grade.NOTED if booked in (1, 2) else Grade.UNSAFE, told, booked)


def other_ledger(bench: Bench) -> Score:
    """One key in two ledgers: they have nothing to do with each other."""
    other = Bench(bench.work, f"{bench.name}-b", hasty=None, clock=bench.clock)
    first, second = bench.send(bench.pay(key=bench.key())), other.send(other.pay(key=bench.key(), what=bench.name))
    booked = bench.count() + other.count(bench.name)
    grade = Grade.SAFE if booked == 2 and not second.replayed else Grade.UNSAFE
    return Score(bench.name, grade, f"{first.told}, then {second.told}", booked)


def after_refusal(bench: Bench) -> Score:
    """A key whose first request was refused, used again for one that can be paid."""
    first = bench.send(bench.pay("999999", key=bench.key()))
    second = bench.send(bench.pay("10", key=bench.key()))
    booked = bench.count()
    told = f"{first.told}, then {second.told}"
    if first.status == 201 or booked != (second.status == 201):
        return Score(bench.name, Grade.UNSAFE, told, booked)
    return Score(bench.name, Grade.SAFE if second.status == 201 else Grade.NOTED, told, booked)


def after_time_out(bench: Bench) -> Score:
    """Twelve requests whose answers were not waited for, each sent again under its key."""
    if bench.hasty is None:
        return Score(bench.name, Grade.NOTED, "not tried: there is no giving up on an answer here", 0)
    work = bench.work
    hasty = Workbench(bench.hasty, tag=work.tag, dice=work.dice)
    requests = [bench.pay(key=bench.key(str(number)), what=f"{bench.name} {number}") for number in range(12)]
    given_up = sum(isinstance(answer, Fault) for answer in hasty.together(requests))
    answers = [Answer(work.ask(request, patiently=True)) for request in requests]
    counts = [bench.count(f"{bench.name} {number}") for number in range(12)]
    told = f"{given_up} of 12 given up on, then {Counter(one.told for one in answers).most_common(1)[0][0]}"
    right = all(count == 1 for count in counts) and all(answer.status == 201 for answer in answers)
    if not right:
        return Score(bench.name, Grade.UNSAFE, told, sum(counts))
    return Score(bench.name, Grade.SAFE if given_up else Grade.NOTED, told, sum(counts))


def expired(bench: Bench) -> Score:
    """A key whose time to live (X-TTL: 1 s) is over."""
    request = bench.pay(key=bench.key(), headers="X-TTL: 1\r\n")
    first = bench.send(request)
    bench.clock.sleep(1.6)
    second = bench.send(request)
    booked = bench.count()
    told = f"{first.told}, 1.6 s later {second.told}"
    if booked == 2:
        return Score(bench.name, Grade.NOTED, f"{told}: a repeat that comes late pays again", booked)
    return Score(bench.name, Grade.NOTED if booked == 1 else Grade.UNSAFE, told, booked)


def _reverted(bench: Bench, originals: Sequence[Answer], keys: Sequence[str]) -> tuple[list[Answer], int]:
    """Revert each original under its key; the answers, and how many reversals the ledger has."""
    answers = [
        bench.send(request_of("transaction.revert", None, bench.ledger, key=key, t=original.id))
        for original, key in zip(originals, keys, strict=True)
    ]
    reversals = [item for item in bench.work.booked(bench.ledger, bench.name) if item.get("parentTransactionId")]
    return answers, len(reversals)


def equal_reverts(bench: Bench) -> Score:
    """Two equal payments reverted, each revert under a key of its own."""
    originals = [bench.send(bench.pay(key=bench.key(str(number)))) for number in range(2)]
    answers, reversals = _reverted(bench, originals, [bench.key("r0"), bench.key("r1")])
    return _two_reverts(bench, answers, reversals)


def equal_reverts_without_key(bench: Bench) -> Score:
    """Two equal payments reverted, without keys."""
    originals = [bench.send(bench.pay(key=bench.key(str(number)))) for number in range(2)]
    answers, reversals = _reverted(bench, originals, ["", ""])
    return _two_reverts(bench, answers, reversals)


def _two_reverts(bench: Bench, answers: Sequence[Answer], reversals: int) -> Score:
    told = ", then ".join(answer.told for answer in answers)
    acknowledged = sum(answer.status == 201 for answer in answers)
    if acknowledged == reversals:
        return Score(bench.name, Grade.SAFE, told, reversals)
    return Score(bench.name, Grade.UNSAFE, f"{told}: {acknowledged} acknowledged, {reversals} booked", reversals)


def reverted_twice(bench: Bench) -> Score:
    """One payment reverted twice, under two keys."""
    original = bench.send(bench.pay(key=bench.key()))
    answers, reversals = _reverted(bench, [original, original], [bench.key("r0"), bench.key("r1")])
    told = ", then ".join(answer.told for answer in answers)
    return Score(bench.name, Grade.SAFE if reversals == 1 else Grade.UNSAFE, told, reversals)


def revert_under_a_used_key(bench: Bench) -> Score:
    """A revert under the key that its payment was sent with."""
    original = bench.send(bench.pay(key=bench.key()))
    answers, reversals = _reverted(bench, [original], [bench.key()])
    told = f"{original.told}, then {answers[0].told}"
    if (answers[0].status == 201) == (reversals == 1):
        return Score(bench.name, Grade.SAFE, told, reversals)
    return Score(bench.name, Grade.UNSAFE, f"{told}: acknowledged, and nothing was reverted", reversals)


def committed_twice(bench: Bench) -> Score:
    """A hold committed twice, and twice at once."""
    request = bench.pay(key=bench.key())
    body = {**msgspec.json.decode(request.body), "pending": True}
    held = bench.send(request_of("transaction.json", body, bench.ledger, key=bench.key()))
    commit = request_of("transaction.commit", None, bench.ledger, t=held.id)
    answers = [Answer(answer) for answer in bench.work.together([commit, commit])] + [bench.send(commit)]
    paid = bench.work.available(bench.payee)
    told = ", ".join(answer.told for answer in answers)
    right = sum(answer.status == 201 for answer in answers) == 1 and paid == "1010"
    return Score(bench.name, Grade.SAFE if right else Grade.UNSAFE, f"{told}; the payee has {paid}", bench.count())


#: Long enough to meet an error that comes once in fifty requests.
_ROW = 60

PROBES: dict[str, Callable[[Bench], Score]] = {
    "repeated": repeated,
    "at-once": at_once,
    "other-body": other_body,
    "without-key": without_key,
    "other-ledger": other_ledger,
    "after-refusal": after_refusal,
    "after-an-error": after_an_error,
    "after-time-out": after_time_out,
    "expired": expired,
    "equal-reverts": equal_reverts,
    "equal-reverts-without-key": equal_reverts_without_key,
    "reverted-twice": reverted_twice,
    "revert-under-a-used-key": revert_under_a_used_key,
    "committed-twice": committed_twice,
}


def scorecard(work: Workbench, *, clock: Clock, hasty: Crew | None = None, probes: Sequence[str] = ()) -> list[Score]:
    """Run the probes (all, or those named) one after the other. Raises PreflightFailed where one cannot be set up."""
    return [PROBES[name](Bench(work, name, hasty=hasty, clock=clock)) for name in probes or PROBES]
