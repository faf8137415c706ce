"""What the Gold DSL can say comes out as text that reads back to the same intent; what it cannot is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from intents_drawn import LEDGER, RESERVED, account, marks, spellable_intents

from demogen.contract import dsl, gold, wire
from demogen.contract.transactions import Action, Intent, Leg
from demogen.errors import CannotSpell

MARK = "r20260101-ab12-0-17"
PAYER, PAYEE = account(1), account(2)
PAYMENT = Intent.move(1200, PAYER, PAYEE)


def changed(**fields: Any) -> Intent:
    return msgspec.structs.replace(PAYMENT, **fields)


@given(spellable_intents(), marks)
def test_an_intent_survives_being_spelled_and_read(intent: Intent, mark: str) -> None:
    text = dsl.render(intent, mark)
    accounts = {leg.account.alias: leg.account for leg in intent.sources + intent.targets}
    read_back = dsl.to_intent(dsl.parse(text), accounts, LEDGER)
    assert read_back == msgspec.structs.replace(intent, group=intent.group or dsl.DEFAULT_GROUP)
    assert dsl.render(read_back, mark) == text


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        pytest.param(
            changed(description="coffee, black", code="C-1", pending=True, metadata=(("order", "123"),)),
            '(transaction V1 (chart-of-accounts-group-name DEMOGEN) (description "coffee, black") (code C-1)'
            f" (pending true) (metadata (demogen_key {MARK}) (order 123)) (send USD 12|0"
            " (source (from @a1 :amount USD 12|0)) (distribute (to @a2 :amount USD 12|0))))",
            id="everything in the order of the grammar",
        ),
        pytest.param(
            changed(
                group="SALES",
                sources=(Leg(PAYER, remaining=True),),
                targets=(Leg(PAYEE, share=(50, 0)), Leg(account(3), share=(100, 50), description="half")),
            ),
            f"(transaction V1 (chart-of-accounts-group-name SALES) (metadata (demogen_key {MARK})) (send USD 12|0"
            " (source (from @a1 :remaining)) (distribute (to @a2 :share 50) (to @a3 :share 100 :of 50"
            ' (description "half")))))',
            id="shares and the rest",
        ),
    ],
)
def test_the_spelling_is_the_one_of_the_contract(intent: Intent, text: str) -> None:
    assert dsl.render(intent, MARK) == text


UNSPEAKABLE = {
    "inflow": changed(action=Action.INFLOW),
    "commit": Intent(action=Action.COMMIT, ledger=LEDGER, subject="x"),
    "cents": changed(units=1250),
    "cents in a leg": changed(sources=(Leg(PAYER, units=1250),)),
    "a negative amount": changed(units=-100),
    "a negative leg": changed(sources=(Leg(PAYER, units=-100),)),
    "more than 64 bits": changed(units=2**63 * 100, sources=(Leg(PAYER, units=2**63 * 100),)),
    "a route": changed(route_id="0198a000-0000-7000-8000-000000000003"),
    "a leg's route": changed(sources=(Leg(PAYER, units=1200, route_id="0198a000"),)),
    "a date": changed(transaction_date="2025-01-01"),
    "a balance key": changed(sources=(Leg(PAYER, units=1200, balance_key="savings"),)),
    "a leg's chart of accounts": changed(targets=(Leg(PAYEE, units=1200, chart_of_accounts="C1"),)),
    "a colon in an alias": changed(sources=(Leg(account(3, alias="@shop:1"), units=1200),)),
    "a second @ in an alias": changed(sources=(Leg(account(3, alias="@shop@home"), units=1200),)),
    "a number as an alias": changed(sources=(Leg(account(3, alias="42"), units=1200),)),
    "a reserved word as an alias": changed(sources=(Leg(account(3, alias="from"), units=1200),)),
    "a quote in the description": changed(description='say "please"'),
    "a line break in the description": changed(description="one\ntwo"),
    "a quote in a leg's description": changed(targets=(Leg(PAYEE, units=1200, description='"'),)),
    "a space in a metadata value": changed(metadata=(("note", "two words"),)),
    "a dot in a metadata value": changed(metadata=(("rate", "5.25"),)),
    "an empty metadata value": changed(metadata=(("note", ""),)),
    "a mark of one's own": changed(metadata=((dsl.MARK, "mine"),)),
    "a number as a code": changed(code="123"),
    "a number as a group": changed(group="123"),
    "a share below zero": changed(targets=(Leg(PAYEE, share=(-5, 0)),)),
    "a leg of no kind": changed(targets=(Leg(PAYEE),)),
    "no source": changed(sources=()),
    "no target": changed(targets=()),
    **{f"the word {word} as a metadata key": changed(metadata=((word, "x"),)) for word in RESERVED},
    **{f"the word {word} as a code": changed(code=word) for word in RESERVED},
}


@pytest.mark.parametrize("intent", UNSPEAKABLE.values(), ids=UNSPEAKABLE.keys())
def test_what_the_dsl_cannot_say_is_refused_not_bent(intent: Intent) -> None:
    assert not dsl.can_spell(intent)
    with pytest.raises(CannotSpell, match="send it as JSON"):
        dsl.render(intent, MARK)


@pytest.mark.parametrize("mark", ["", "two words", 'quote"', "colon:1", "send", "ärger"])
def test_a_mark_that_is_no_name_is_refused(mark: str) -> None:
    assert dsl.can_spell(PAYMENT)
    with pytest.raises(CannotSpell):
        dsl.render(PAYMENT, mark)


def test_the_reserved_words_are_those_of_the_grammar() -> None:
    keywords = {str(t.pattern.value) for t in gold._parser().terminals if t.pattern.type == "str"}
    assert {word for word in keywords if word[0].isalpha()} == set(RESERVED)


def test_both_spellings_carry_the_mark_under_one_name() -> None:
    assert dsl.MARK == wire.MARK
