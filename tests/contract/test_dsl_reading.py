"""The reader takes what the real server took and refuses what it refused, by line and column."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from intents_drawn import LEDGER, account

from demogen.contract import dsl
from demogen.contract.gold import Variable
from demogen.contract.transactions import Leg
from demogen.errors import UsageError

RECORDINGS = Path(__file__).parent.parent / "recordings"

FULL = """\
(transaction V1
  (chart-of-accounts-group-name FUNDING)
  (description "invoice 9")
  (code H-1)
  (pending true)
  (metadata (order 123) (channel web-app))
  (send USD 100|2
    (source :remaining
      (from @external/USD :amount USD 60|2 (rate fx-1 USD -> BRL 5|2) (description "leg") (chart-of-accounts C1))
      (from treasury :share 20 :of 50)
      (from @a2 :remaining))
    (distribute
      (to @a1 :amount USD 100|2 (metadata (k2 22))))))
"""
PLAIN = (
    "(transaction V1 (chart-of-accounts-group-name F) (send USD 5|0"
    " (source (from @a1 :amount USD 5|0)) (distribute (to @a2 :amount USD 5|0))))"
)


def recorded() -> Iterator[object]:
    """Every script of the recordings, with what the server said to it."""
    for dialect in ("v3.8", "v4"):
        recording = json.loads((RECORDINGS / dialect / "14-dsl.json").read_text())
        for step in recording["steps"]:
            body = step["request"].get("body")
            if isinstance(body, dict) and "$multipart" in body:
                code = (step["response"]["body"] or {}).get("code", "")
                part = body["$multipart"][0]
                if part["name"] == "dsl" and part["filename"].endswith(".gold"):
                    yield pytest.param(part["content"], code not in ("0048", "0049"), id=f"{dialect} {step['label']}")


@pytest.mark.parametrize(("text", "taken"), list(recorded()))
def test_the_recorded_scripts_are_read_as_the_server_read_them(text: str, *, taken: bool) -> None:
    if taken:
        assert dsl.parse(text).legs
    else:
        with pytest.raises(UsageError, match=r"^line \d+, column \d+: "):
            dsl.parse(text)


def test_everything_the_grammar_has_is_kept_apart() -> None:
    parsed = dsl.parse(FULL)
    assert (parsed.group, parsed.description, parsed.code, parsed.pending) == ("FUNDING", "invoice 9", "H-1", True)
    assert (parsed.asset, parsed.whole, parsed.digits) == ("USD", 100, 2)
    assert parsed.metadata == (("order", "123"), ("channel", "web-app"))
    assert parsed.ignored == (":remaining after source",)
    outside, treasury, rest = parsed.sources
    assert (outside.account, outside.amount, outside.description) == ("@external/USD", ("USD", 60, 2), "leg")
    assert outside.ignored == ("rate", "chart-of-accounts")
    assert (treasury.account, treasury.share) == ("treasury", (20, 50))
    assert rest.remaining
    assert (rest.line, rest.column) == (11, 7)
    assert parsed.targets[0].metadata == (("k2", "22"),)
    assert not parsed.template


def test_a_template_has_placeholders_that_must_be_filled_in() -> None:
    parsed = dsl.parse(PLAIN.replace("transaction", "transaction-template").replace("5|0", "$price|$digits"))
    assert parsed.template
    assert parsed.whole == Variable("price")
    assert parsed.variables == ["price", "digits"]
    with pytest.raises(UsageError, match=r"\$price, \$digits"):
        dsl.to_intent(parsed, {}, LEDGER)


def test_the_digits_after_the_bar_move_nothing() -> None:
    accounts = {each.alias: each for each in (account(1), account(2))}
    intent = dsl.to_intent(dsl.parse(PLAIN.replace("5|0", "5|2")), accounts, LEDGER)
    assert (intent.units, intent.scale) == (500, 2)
    assert intent.sources == (Leg(accounts["@a1"], units=500),)


def test_white_space_is_free() -> None:
    spread = PLAIN.replace("(", "\n\t( ").replace(")", " )\r\n").replace("|", " | ")
    parsed = dsl.parse(spread)
    assert (parsed.asset, parsed.whole, len(parsed.legs)) == ("USD", 5, 2)


def at(landmark: str, further: int = 0) -> str:
    """Where the first `landmark` of PLAIN stands, or so many characters further."""
    return f"line 1, column {PLAIN.index(landmark) + 1 + further}"


MISTAKES = {
    "nothing": ("", "line 1, column 1", "'('"),
    "an end too early": ("(transaction V1", "line 1, column 16", "'('"),
    "an end too early on a later line": ("(transaction\n  V1", "line 2, column 5", "'('"),
    "something after the end": (PLAIN + " )", f"line 1, column {len(PLAIN) + 2}", "the end of the file"),
    "another version": (PLAIN.replace("V1", "V2"), "line 1, column 14", "V1"),
    "no group": ("(transaction V1 (send", "line 1, column 18", "chart-of-accounts-group-name"),
    "decimals": (PLAIN.replace("5|0", "5.5|0", 1), at("|0"), "no decimals"),
    "no bar": (PLAIN.replace("5|0", "5", 1), at("(source", -2), "'|'"),
    "a colon in an alias": (PLAIN.replace("@a1", "@a1:x"), at(" :amount"), "JSON"),
    "a quote left open": (PLAIN.replace("(send", '(description "x (send'), at("(send", 13), "closing quote"),
    "a number for a name": (PLAIN.replace(" F)", " 12)"), "line 1, column 47", "not a number"),
    "a reserved word for a name": (PLAIN.replace(" F)", " code)"), "line 1, column 47", "reserved"),
    "code before description": (
        PLAIN.replace("(send", '(code C) (description "d") (send'),
        "line 1, column 60",
        "send",
    ),
    "an arrow without spaces": (PLAIN.replace("5|0)", "5|0 (rate r A->B 1|0))", 1), at("))", 11), "names"),
}


@pytest.mark.parametrize(("text", "place", "hint"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_by_line_and_column(text: str, place: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        dsl.parse(text)
    assert caught.value.message.startswith(place + ":")
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(PLAIN.replace("@a2", "@nobody"), r"column 112: there is no account @nobody", id="unknown"),
        pytest.param(
            PLAIN.replace("5|0))))", "5|0 (metadata (k v))))))"), "column 112: metadata on a leg", id="leg metadata"
        ),
    ],
)
def test_what_an_intent_cannot_hold_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        dsl.to_intent(dsl.parse(text), {each.alias: each for each in (account(1), account(2))}, LEDGER)
