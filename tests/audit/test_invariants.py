"""Every invariant is silent on a faultless history, and speaks when exactly its promise is broken."""

from __future__ import annotations

import msgspec
import pytest
from bookkeeper import Bookkeeper, uuid7

from demogen.audit.invariant import invariants
from demogen.audit.pages import AmountPart, StatePart, StatusPart
from demogen.audit.verdict import Verdict
from demogen.contract.outcome import Outcome
from demogen.contract.transactions import Action


@pytest.fixture
def history(tmp_path):
    """A little of everything that a faultless run holds."""
    book = Bookkeeper(tmp_path)
    book.plain = book.pay(0, 1, 1_050)
    held = book.pay(1, 2, 2_000, pending=True)
    book.step(Action.COMMIT, held)
    book.committed = held
    dropped = book.pay(2, 3, 700, pending=True)
    book.step(Action.CANCEL, dropped)
    book.cancelled = dropped
    book.open = book.pay(3, 0, 333, pending=True)
    refunded = book.pay(0, 2, 4_000)
    book.refunded = refunded
    book.reversal = book.step(Action.REVERT, refunded)
    book.pay(1, 3, 99_999_999, outcome=Outcome.REJECTED, code=18)
    book.lost = book.pay(1, 0, 500, outcome=Outcome.INDETERMINATE, booked=True)
    book.pay(1, 0, 500, outcome=Outcome.INDETERMINATE, booked=False)
    book.pay(2, 0, 250, outcome=Outcome.INDETERMINATE, booked=True, crash=True)
    first = book.pay(0, 3, 125)
    book.pay(0, 3, 125, repeats=book._arrival - 1, booked=False, answered_id=first, replayed=True)
    return book


def test_a_faultless_history_holds(history):
    judged = history.judge()
    assert judged.findings == []
    assert judged.doubts == []
    assert set(judged.verdicts.values()) == {Verdict.HOLDS}
    assert set(judged.verdicts) == {claim.name for claim in invariants()}


def lose_an_update(book):
    book.shift(1, -1_050)


def forget_an_acknowledged_one(book):
    book.pay(0, 1, 10, booked=False)


def book_one_twice(book):
    item = book.transactions[book.plain]
    again = uuid7(800_000)
    book.transactions[again] = msgspec.structs.replace(item, id=again)


def book_a_refused_one(book):
    book.pay(0, 1, 10, outcome=Outcome.REJECTED, code=18, booked=True)


def commit_twice(book):
    book.step(Action.COMMIT, book.committed, booked=False, answered_id=book.committed)


def lose_a_leg(book):
    book.replace(book.plain, operations=book.transactions[book.plain].operations[:1])


def pay_someone_else(book):
    other = book.customers[3]
    book.replace_operation(book.plain, 1, account_id=other.account_id, account_alias=other.alias)


def skip_a_version(book):
    operation = book.transactions[book.plain].operations[0]
    book.replace_operation(
        book.plain,
        0,
        balance_after=msgspec.structs.replace(operation.balance_after, version=operation.balance_after.version + 1),
    )


def write_another_amount(book):
    book.replace_operation(book.plain, 0, amount=AmountPart("10.51"))


def go_below_zero(book):
    book.pay(0, 1, 10_000_000)


def keep_a_hold(book):
    operations = book.transactions[book.cancelled].operations
    release = operations[1]
    state = StatePart(release.balance.available, release.balance.on_hold, release.balance_after.version)
    book.replace_operation(book.cancelled, 1, balance_after=state)


def unlink_a_reversal(book):
    book.replace(book.reversal, parent_transaction_id=None)


def refund_too_much(book):
    book.replace(book.reversal, amount="40.01")


def invent_a_transaction(book):
    made = book.pay(0, 1, 5)
    book.replace(made, metadata=None)


def name_an_unknown_account(book):
    book.replace_operation(book.plain, 0, account_id=uuid7(777_777))


def name_another_asset(book):
    book.replace_operation(book.plain, 0, asset_code="EUR")


def refuse_for_nothing(book):
    book.pay(0, 1, 10, outcome=Outcome.REJECTED, code=18)


def refuse_a_first_revert(book):
    book.step(Action.REVERT, book.plain, outcome=Outcome.REJECTED, code=87)


def replay_for_nothing(book):
    book.pay(0, 1, 10, replayed=True)


def replay_another(book):
    first = book._arrival
    book.pay(0, 1, 10)
    book.pay(0, 1, 10, repeats=first, booked=False, answered_id=book.plain, replayed=True)


def forget_the_slot(book):
    first = book._arrival
    book.pay(0, 1, 10)
    book.pay(0, 1, 10, repeats=first)


def leave_it_pending(book):
    book.replace(book.committed, status=StatusPart("PENDING"))


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lose_an_update, "accounts-replay"),
        (lose_an_update, "conserved"),
        (lose_an_update, "chain-unbroken"),
        (forget_an_acknowledged_one, "exactly-once"),
        (forget_an_acknowledged_one, "accounts-replay"),
        (book_one_twice, "exactly-once"),
        (book_a_refused_one, "exactly-once"),
        (commit_twice, "exactly-once"),
        (leave_it_pending, "exactly-once"),
        (lose_a_leg, "legs-balance"),
        (lose_a_leg, "legs-as-intended"),
        (pay_someone_else, "legs-as-intended"),
        (skip_a_version, "chain-unbroken"),
        (write_another_amount, "chain-unbroken"),
        (go_below_zero, "not-negative"),
        (keep_a_hold, "holds-released"),
        (unlink_a_reversal, "reverts-linked"),
        (refund_too_much, "refunds-bounded"),
        (invent_a_transaction, "no-phantoms"),
        (name_an_unknown_account, "references-resolve"),
        (name_another_asset, "references-resolve"),
        (refuse_for_nothing, "refusals-justified"),
        (refuse_a_first_revert, "refusals-justified"),
        (replay_for_nothing, "replays-faithful"),
        (replay_another, "replays-faithful"),
        (forget_the_slot, "replays-faithful"),
        (forget_the_slot, "exactly-once"),
    ],
)
def test_a_broken_promise_is_named(history, spoil, named):
    spoil(history)
    assert history.judge().verdicts[named] is Verdict.VIOLATED


def test_every_invariant_has_a_history_that_breaks_it():
    mark = next(mark for mark in test_a_broken_promise_is_named.pytestmark if mark.name == "parametrize")
    assert {named for _, named in mark.args[1]} == {claim.name for claim in invariants()}
