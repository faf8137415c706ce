"""What legs come to, by the rule of contract 4.1, and what actions there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from intents_drawn import LEDGER, account, spellable_intents

from demogen.contract.money import atto_of_units
from demogen.contract.transactions import Action, Intent, Leg, leg_amounts_atto
from demogen.errors import UsageError

A, B, C = account(1), account(2), account(3)
CENT = 10**16


def spread(units: int, *targets: Leg) -> Intent:
    return Intent.spread(units, (Leg(A, units=units),), targets)


@pytest.mark.parametrize(
    ("intent", "cents"),
    [
        pytest.param(spread(1000, Leg(B, units=400), Leg(C, remaining=True)), [400, 600], id="the rest"),
        pytest.param(spread(10000, Leg(B, share=(60, 0)), Leg(C, share=(40, 0))), [6000, 4000], id="shares"),
        pytest.param(spread(4000, Leg(B, share=(50, 50)), Leg(C, remaining=True)), [1000, 3000], id="share of a share"),
        pytest.param(spread(1000, Leg(B, remaining=True), Leg(C, remaining=True)), [1000, 0], id="nothing is left"),
        pytest.param(spread(1000, Leg(B, share=(33, 0)), Leg(C, units=1)), [330, 1], id="sums need not agree"),
    ],
)
def test_legs_come_to_what_the_server_makes_of_them(intent: Intent, cents: list[int]) -> None:
    assert leg_amounts_atto(intent, intent.targets) == [each * CENT for each in cents]


def test_a_share_is_exact_below_the_cent() -> None:
    # 33 % of 0.01 is 0.0033 on the server: there is no scale there (contract 1.5).
    assert leg_amounts_atto(spread(1), (Leg(B, share=(33, 0)),)) == [33 * 10**14]


def test_a_share_finer_than_an_atto_unit_is_refused() -> None:
    fine = account(9, scale=18)
    intent = Intent.spread(1, (Leg(fine, units=1),), (Leg(fine, share=(33, 0)),))
    with pytest.raises(UsageError, match="18 decimal digits"):
        leg_amounts_atto(intent, intent.targets)


@given(spellable_intents())
def test_both_sides_of_a_drawn_intent_come_to_its_amount(intent: Intent) -> None:
    total = atto_of_units(intent.units, intent.scale)
    try:
        sides = [leg_amounts_atto(intent, legs) for legs in (intent.sources, intent.targets)]
    except UsageError:
        assert intent.scale == 18
        return
    assert [sum(side) for side in sides] == [total, total]


def test_actions_fall_into_creates_other_writes_and_reads() -> None:
    creates = {action for action in Action if action.is_create}
    writes = {action for action in Action if action.is_write}
    assert writes - creates == {Action.COMMIT, Action.CANCEL, Action.REVERT}
    assert {action.label for action in set(Action) - writes} == {
        "read_transaction", "read_balances", "read_statement", "list_transactions", "list_accounts",
        "count_transactions", "entity",
    }  # fmt: skip


def test_a_follower_is_about_its_transaction_and_a_repeat_keeps_its_mark() -> None:
    payment = Intent.move(100, A, B, description="lunch", refused_with=("0018",))
    assert payment.expects_refusal
    revert = Intent.follow(Action.REVERT, payment, "T-1")
    assert (revert.action, revert.ledger, revert.subject, revert.expects_refusal) == (
        Action.REVERT,
        LEDGER,
        "T-1",
        False,
    )
    assert payment.again("mark-1").repeats == "mark-1"
