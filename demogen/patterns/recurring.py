"""What subscriptions, rent and salaries have in common: a template, a tie for good, an amount that does not change.

No pattern of its own. May import: contract, `dice`, `base`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from demogen.contract.transactions import Intent
from demogen.patterns.base import Script
from demogen.patterns.dice import Dice

_TEMPLATES = Path(__file__).parent / "templates" / "recurring.toml"


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that comes round again. Roles are those of the population."""

    description: str
    dollars: int
    every: str
    payee: str
    payer: str = "customer"


@cache
def templates(kind: str) -> tuple[Template, ...]:
    """The templates of one kind, in the order of the file."""
    written = tomllib.loads(_TEMPLATES.read_text(encoding="utf-8"))[kind]
    return tuple(msgspec.convert(one, Template) for one in written.values())


def play(dice: Dice, *, kind: str) -> Script:
    """One round of a template: who earns is bound to who pays, and who pays to who is paid."""
    template = dice.pick(templates(kind))
    market = dice.market()
    tie = template.description
    if template.payer == "customer":
        payer = dice.member(market, "customer")
        payee = dice.bound_to(payer, market.crowd(template.payee), tie=tie)
    else:
        payee = dice.member(market, template.payee)
        payer = dice.bound_to(payee, market.crowd(template.payer), tie=tie)
    if payer is payee:
        payee = dice.member(market, template.payee, but=payer)
    subject = payer if template.payer == "customer" else payee
    units = dice.usual(subject, dollars=template.dollars, tie=tie)
    yield Intent.move(units, payer, payee, description=tie, metadata=(("every", template.every),))
