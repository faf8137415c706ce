"""All that journal, book and ledger know of one transaction, or of one account, in lines of text.

Looks things up in the database that an audit left behind; judges nothing anew. May import: `ground`, `errors`,
`contract`, the rest of this room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import msgspec

from demogen.audit.ground import Ground
from demogen.audit.pages import TransactionItem
from demogen.contract.transactions import Action
from demogen.errors import UsageError

_OUTCOMES = {1: "accepted", 2: "rejected", 3: "indeterminate"}


class Section(msgspec.Struct, frozen=True):
    """A heading and what stands under it."""

    title: str
    lines: tuple[str, ...]


class Subject(msgspec.Struct, frozen=True):
    """What is asked about: the key a request was sent under and the transaction it became, each 0 where unknown."""

    key_id: int | None
    transaction_id: int | None


def subject_of(ground: Ground, text: str) -> Subject:
    """Find a transaction by its id or its mark (run–generation–arrival). Raises UsageError where neither is known."""
    try:
        wanted = UUID(text).int
    except ValueError:
        return _by_mark(ground, text)
    key = ground.value("select key_id from facts.requests where transaction_id = ?", [wanted])
    if key is None:
        key = ground.value("select key_id from book.transactions where id = ? and parent is null", [wanted])
    known = key is not None or ground.value(
        "select 1 from book.transactions where id = ? "
        "union all select 1 from journal.attempts where transaction_id = ? or subject = ?",
        [wanted, wanted, wanted],
    )
    if not known:
        raise UsageError(f"neither journal nor book knows {text}", hint="name a transaction of this run by id or mark")
    return Subject(key, wanted)


def _by_mark(ground: Ground, text: str) -> Subject:
    row = ground.rows("select key_of_mark(?, run_id), run_id from plan.run", [text])
    key = row[0][0] if row else None
    if key is None:
        run_id = row[0][1] if row else "?"
        raise UsageError(f"{text} is no transaction id and no mark", hint=f"marks of this run look like {run_id}-1-42")
    found = ground.rows("select transaction_id from facts.requests where key_id = ?", [key])
    if not found:
        raise UsageError(f"nothing was sent under {text}", hint="name a mark that the journal holds")
    return Subject(key, found[0][0])


def explain(ground: Ground, subject: Subject, *, shown: TransactionItem | None = None) -> list[Section]:
    """The story of a transaction: asked, answered, followed up, booked, and how the ledger shows it now."""
    sections = [
        Section("asked", tuple(_attempts(ground, subject))),
        Section("legs", tuple(_legs(ground, subject))),
        Section("followed up", tuple(_steps(ground, subject))),
        Section("booked", tuple(_booked(ground, subject))),
        Section("operations", tuple(_operations(ground, subject))),
        Section("now", tuple(_now(ground, shown))),
    ]
    return [section for section in sections if section.lines]


def _attempts(ground: Ground, subject: Subject) -> Iterator[str]:
    if subject.key_id is None:
        yield from _lines_of_attempts(ground, "transaction_id = ?", subject.transaction_id)
    else:
        yield from _lines_of_attempts(ground, "key_id = ? and action <= 6", subject.key_id)


def _steps(ground: Ground, subject: Subject) -> Iterator[str]:
    if subject.transaction_id is not None:
        yield from _lines_of_attempts(ground, "subject = ? and action in (7, 8, 9)", subject.transaction_id)


def _lines_of_attempts(ground: Ground, where: str, parameter: int | None) -> Iterator[str]:
    rows = ground.rows(
        f"""select mark_text(arrival_id), action, coalesce(p.name, '?'), moment_text(due_ns), moment_text(sent_ns),
            (sent_ns - due_ns) / 1e6, (answered_ns - sent_ns) / 1e6, outcome, status, code, replayed, tries,
            uuid_text(transaction_id), key_id <> arrival_id, process, fault
        from journal.attempts a left join journal.patterns p using (process, pattern)
        where {where} order by sent_ns, arrival_id""",
        [parameter],
    )
    for row in rows:
        yield _attempt_line(row)


def _attempt_line(row: tuple[object, ...]) -> str:
    (
        mark,
        action,
        pattern,
        due,
        sent,
        late,
        took,
        outcome,
        status,
        code,
        replayed,
        tries,
        id_,
        repeats,
        process,
        fault,
    ) = row
    said = f"{_OUTCOMES.get(int(str(outcome)), '?')}"
    if status:
        said += f", HTTP {status}"
    if code:
        said += f", code {int(str(code)):04d}"
    if fault:
        said += f", fault {fault}"
    if replayed:
        said += ", a replay"
    if outcome == 1:
        said += f", as {id_}"
    again = " again under an earlier key" if repeats else ""
    more = f", sent {tries} times" if int(str(tries)) > 1 else ""
    timing = (
        f"sent {sent} ({late:.1f} ms after it was due), answered in {took:.1f} ms"
        if sent != "?"
        else f"due {due}, never answered"
    )
    return f"{mark} {Action(int(str(action))).label}{again} ({pattern}, process {process}): {timing}{more}: {said}"


def _legs(ground: Ground, subject: Subject) -> Iterator[str]:
    rows = ground.rows(
        """select if(l.side = 0, 'from', 'to'), coalesce(a.alias, '?'), l.balance_key, money_text(l.amount),
            coalesce(a.asset, '?')
        from facts.requests r join journal.legs l on l.arrival_id = r.origin left join plan.accounts a using (account)
        where r.key_id = ? order by l.side, a.alias""",
        [subject.key_id],
    )
    for side, alias, key, amount, asset in rows:
        yield f"{side:<4} {alias}{'' if key == 'default' else f' ({key})'}  {amount} {asset}"


def _booked(ground: Ground, subject: Subject) -> Iterator[str]:
    rows = ground.rows(
        """select uuid_text(id), status, money_text(amount), asset, ledger_text(ledger), moment_text(created_ns),
            uuid_text(parent), key_id = ? and parent is null, parent = ?
        from book.transactions where (key_id = ? and parent is null) or id = ? or parent = ? order by id""",
        [subject.key_id, subject.transaction_id, subject.key_id, subject.transaction_id, subject.transaction_id],
    )
    for id_, status, amount, asset, ledger, created, parent, _, is_reversal in rows:
        what = "its reversal" if is_reversal else f"reverses {parent}" if parent else "booked"
        yield f"{id_} {status} {amount} {asset} in ledger {ledger} at {created} ({what})"
    if not rows:
        yield "the book does not have it"
    row = ground.rows("select effect, copies from facts.requests where key_id = ?", [subject.key_id])
    if row:
        yield f"intended in the end: {row[0][0]}; found {row[0][1]} time{'' if row[0][1] == 1 else 's'}"


def _operations(ground: Ground, subject: Subject) -> Iterator[str]:
    rows = ground.rows(
        """select o.type, o.direction, o.alias, o.balance_key, money_text(o.amount), o.asset,
            money_text(available_before), money_text(available_after), money_text(on_hold_before),
            money_text(on_hold_after), version_before, version_after, o.moves_balance
        from book.operations o join book.transactions t on t.id = o.transaction_id
        where (t.key_id = ? and t.parent is null) or t.id = ? or t.parent = ? order by t.id, o.id""",
        [subject.key_id, subject.transaction_id, subject.transaction_id],
    )
    for kind, direction, alias, key, amount, asset, before, after, held, holds, old, new, moves in rows:
        hold = f", on hold {held} → {holds}" if (held, holds) != ("0", "0") else ""
        change = f"{before} → {after}{hold}, version {old} → {new}" if moves else "moves nothing"
        yield f"{kind:<9} {direction:<6} {alias}{'' if key == 'default' else f' ({key})'}  {amount} {asset}: {change}"


def _now(ground: Ground, shown: TransactionItem | None) -> Iterator[str]:
    if shown is None:
        return
    count = len(shown.operations or ())
    yield f"the ledger shows {shown.id} as {shown.status.code}, {shown.amount} {shown.asset_code}, {count} operations"
    row = ground.rows("select status, money_text(amount) from book.transactions where id = ?", [UUID(shown.id).int])
    if row and row[0] != (shown.status.code, shown.amount):
        yield f"it has changed since the audit, which read {row[0][0]}, {row[0][1]}"


def statement(ground: Ground, alias: str) -> list[Section]:
    """An account's statement: before the load, each operation of the book, now; and what the journal says it should be.

    `alias` may stand in several ledgers; each has its section. Raises UsageError where no ledger has it.
    """
    accounts = ground.rows(
        "select distinct account_id, balance_key, ledger_text(ledger), asset from facts.balances_now where alias = ? "
        "order by all",
        [alias],
    )
    if not accounts:
        raise UsageError(
            f"no account is called {alias}", hint="aliases begin with @; transactions are named by id or mark"
        )
    return [
        Section(f"{alias} ({asset}, {key}) in ledger {ledger}", tuple(_statement(ground, account_id, key)))
        for account_id, key, ledger, asset in accounts
    ]


def _statement(ground: Ground, account_id: int, balance_key: str) -> Iterator[str]:
    for name, table in (("before the load", "balances_before"), ("now", "balances_now")):
        row = ground.rows(
            f"select money_text(worth(available, direction)), money_text(on_hold) from facts.{table} "
            "where account_id = ? and balance_key = ?",
            [account_id, balance_key],
        )
        yield f"{name:<16} {row[0][0] if row else '0'} available, {row[0][1] if row else '0'} on hold"
    rows = ground.rows(
        """select moment_text(t.created_ns), o.type, money_text(o.amount), money_text(available_after),
            money_text(on_hold_after), version_after, uuid_text(t.id), coalesce(mark_text(t.key_id), t.mark)
        from book.operations o join book.transactions t on t.id = o.transaction_id
        where o.account_id = ? and main_key(o.balance_key) = ? and o.moves_balance order by version_after, o.id""",
        [account_id, balance_key],
    )
    for moment, kind, amount, available, on_hold, version, id_, mark in rows:
        yield f"{moment}  {kind:<9} {amount:>18} → {available:>18} ({on_hold} held)  v{version:<6} {id_}  {mark}"


def is_alias(text: str) -> bool:
    """Whether a text names an account rather than a transaction."""
    return bool(re.match(r"^@", text))
