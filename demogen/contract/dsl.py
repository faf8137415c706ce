"""The Gold DSL: the other spelling of an intent (contract section 9). Spells; `gold` reads; neither sends.

The DSL can say only part of what an intent may hold: whole amounts (the digits after `|` are dropped by the server,
so `|0` is always written), no routes, no balance keys, no dates, no colon in an alias, and what it takes for a leg's
chart of accounts or rate it throws away. `render` refuses the rest rather than lie about it; the JSON spelling of
the same intent (`wire`) books the same operations. Fixed by the DSL alone: a group name is compulsory, so an intent
without one goes out under `DEMOGEN`, where JSON leaves the field out. `spell` is on the hot path: what it has found
out about an alias it keeps. May import: contract, errors.
"""

from __future__ import annotations

import re
from functools import lru_cache

from demogen.contract.gold import MARK, ParsedTransaction, parse, to_intent
from demogen.contract.transactions import Action, Intent, Leg
from demogen.errors import CannotSpell

__all__ = ["DEFAULT_GROUP", "MARK", "ParsedTransaction", "can_spell", "parse", "render", "spell", "to_intent"]

DEFAULT_GROUP = "DEMOGEN"

# A plain number: looking a member of an enumeration up costs as much as a comparison.
_CREATE = int(Action.CREATE)

_word = re.compile(r"[A-Za-z0-9_/-]+").fullmatch
# fmt: off
_RESERVED = frozenset({
    "transaction", "transaction-template", "V1", "chart-of-accounts-group-name", "chart-of-accounts", "description",
    "code", "pending", "true", "false", "metadata", "send", "source", "distribute", "from", "to", "rate",
})
# fmt: on
_POWERS = tuple(10**exponent for exponent in range(19))
# The server's integer reader is taken to be 64 bits wide; larger amounts go out as JSON.
_VALUE_MAX = 2**63 - 1


def can_spell(intent: Intent) -> bool:
    """Whether the DSL says all of this intent and nothing else; if so, `render` succeeds for any good mark."""
    return spell(intent, "mark") is not None


def render(intent: Intent, mark: str) -> str:
    """As `spell`, for those who cannot do without; raises CannotSpell where `spell` gives None."""
    text = spell(intent, mark)
    if text is None:
        raise CannotSpell("the Gold DSL cannot say this transaction", hint="send it as JSON: --transaction-format json")
    return text


def spell(intent: Intent, mark: str) -> str | None:
    """The text of a `.gold` file that books `intent`, its mark first among the metadata; None where there is none.

    Hot path (about 2 µs for two legs): checks and text are made in one pass.
    """
    asset, units, unit = intent.asset, intent.units, _POWERS[intent.scale]
    # Three amounts in four have cents: said first, it spares them the rest.
    if units % unit or intent.action != _CREATE or intent.transaction_date or intent.route_id or not _is_word(mark):
        return None
    options = _options(intent)
    if options is None or not 0 <= units <= _VALUE_MAX * unit or not _is_name(asset):
        return None
    sources = _legs(intent.sources, "(from ", asset, unit)
    targets = _legs(intent.targets, "(to ", asset, unit)
    if not sources or not targets:
        return None
    metadata = ""
    for key, value in intent.metadata:
        if key == MARK or not _is_word(key) or not _is_word(value):
            return None
        metadata += f" ({key} {value})"
    return (
        f"(transaction V1 {options} (metadata ({MARK} {mark}){metadata})"
        f" (send {asset} {units // unit}|0 (source {sources}) (distribute {targets})))"
    )


def _options(intent: Intent) -> str | None:
    """Group name, description, code and pending, in the order of the grammar; None where one has no spelling."""
    group, code = intent.group or DEFAULT_GROUP, intent.code
    if group is not DEFAULT_GROUP and not _is_name(group):
        return None
    text = f"(chart-of-accounts-group-name {group})"
    if intent.description:
        if not _is_text(intent.description):
            return None
        text += f' (description "{intent.description}")'
    if code:
        if not _is_name(code):
            return None
        text += f" (code {code})"
    return text + " (pending true)" if intent.pending else text


def _legs(legs: tuple[Leg, ...], opening: str, asset: str, unit: int) -> str | None:
    """The legs of one side, each beginning with `opening`; None where one has no spelling."""
    texts, most = [], _VALUE_MAX * unit
    for leg in legs:
        account, units = leg.account, leg.units
        alias = account.alias
        if not _is_alias(alias):
            return None
        if leg.balance_key != "default" or leg.chart_of_accounts or leg.route_id:
            return None
        if units is None:
            how = _part(leg)
        elif units % unit or not 0 <= units <= most:
            return None
        else:
            how = f" :amount {asset} {units // unit}|0"
        if how is None or (leg.description and not _is_text(leg.description)):
            return None
        description = f' (description "{leg.description}")' if leg.description else ""
        texts.append(f"{opening}{alias}{how}{description})")
    return " ".join(texts)


def _part(leg: Leg) -> str | None:
    """A leg's share or rest; None where it has no spelling."""
    if leg.share is not None:
        percentage, of_percentage = leg.share
        if percentage < 0 or of_percentage < 0:
            return None
        return f" :share {percentage} :of {of_percentage}" if of_percentage else f" :share {percentage}"
    return " :remaining" if leg.remaining else None


def _is_word(text: str) -> bool:
    """A metadata key or value: letters, digits, `_ - /`, but none of the DSL's own words."""
    return _word(text) is not None and text not in _RESERVED


@lru_cache(1 << 12)
def _is_name(text: str) -> bool:
    """A NAME: a word that is not a number."""
    return _is_word(text) and not text.isdigit()


@lru_cache(1 << 16)
def _is_alias(text: str) -> bool:
    """An account: "@" and a word's characters, or a NAME."""
    return _word(text[1:]) is not None if text[:1] == "@" else _is_name(text)


def _is_text(text: str) -> bool:
    """What may stand between quotes; there is no escape for a quote, and no line break survives for certain."""
    return '"' not in text and text.isprintable()
