"""Scripts in the Gold DSL as patterns: each `.gold` file is known by its name, its placeholders are filled in.

`$customer`, `$merchant` or any other role stands for an account of the script's asset (`$customer2` for another one),
`$external` for the outside, and `$amount` for an everyday amount in whole units. A `:remaining` leg goes out as the
amount it stands for, since v4 would lose it (contract 13.1). Expects to be accepted. May import: contract, `base`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from demogen.contract.gold import Number, ParsedLeg, ParsedTransaction, Variable, parse, to_intent
from demogen.contract.money import ATTO_SCALE, POWERS
from demogen.contract.transactions import AccountRef, Intent, Leg, leg_amounts_atto
from demogen.errors import UsageError
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice
from demogen.patterns.markets import Market

AMOUNT = "amount"
_NUMBERED = re.compile(r"(.*?)(\d*)")


def texts_in(folder: Path) -> dict[str, str]:
    """The text of each `.gold` file of a folder, by the file's name: what other processes need to play it too.

    Raises UsageError where one cannot be read, or there is none.
    """
    files = sorted(folder.glob("*.gold"))
    if not files:
        raise UsageError(f"there is no .gold file in {folder}", hint="name the folder that holds your scripts")
    return {file.stem: _text(file) for file in files}


def script_patterns(texts: Mapping[str, str]) -> dict[str, Pattern]:
    """The patterns that play those scripts. Raises UsageError for the first that cannot be understood."""
    return {name: script_pattern(name, text) for name, text in texts.items()}


def script_pattern(name: str, text: str) -> Pattern:
    """The pattern that plays one script."""
    try:
        parsed = parse(text)
    except UsageError as error:
        raise UsageError(f"{name}.gold: {error.message}", hint=error.hint) from error
    _require_known(parsed, name)
    return Pattern(name=name, weight=1, play=lambda dice: _play(parsed, dice))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}", hint="scripts are UTF-8 text") from error


def _play(parsed: ParsedTransaction, dice: Dice) -> Script:
    named = {leg.account for leg in parsed.legs if isinstance(leg.account, str)}
    markets = [one for one in dice.stage.markets if one.asset == parsed.asset and named <= _aliases(one)]
    if not markets:
        return
    market = dice.pick(markets)
    cast = _cast(parsed, market, dice)
    units = max(1, dice.amount(market.accounts[0]) // 10**market.scale)
    known = {account.alias: account for account in (*market.accounts, *cast.values())}
    yield _without_remaining(to_intent(_filled(parsed, cast, units), known, market.ledger))


def _aliases(market: Market) -> set[str]:
    outside = {market.external.alias} if market.external else set()
    return {account.alias for account in market.accounts} | outside


def _cast(parsed: ParsedTransaction, market: Market, dice: Dice) -> dict[str, AccountRef]:
    """An account for each placeholder, all of them different as far as there are enough."""
    cast: dict[str, AccountRef] = {}
    for leg in parsed.legs:
        if not isinstance(leg.account, Variable) or leg.account.name in cast:
            continue
        role = _role(leg.account.name)
        taken = {account.index for account in cast.values()}
        if role == "external":
            found = market.external or market.accounts[0]
        else:
            first = dice.member(market, role)
            others = (*market.crowd(role), *market.accounts)
            found = next((one for one in (first, *others) if one.index not in taken), first)
        cast[leg.account.name] = found
    return cast


def _filled(parsed: ParsedTransaction, cast: dict[str, AccountRef], units: int) -> ParsedTransaction:
    def number(value: Number) -> int:
        return units if isinstance(value, Variable) else value

    def leg(one: ParsedLeg) -> ParsedLeg:
        account = cast[one.account.name].alias if isinstance(one.account, Variable) else one.account
        amount = (one.amount[0], number(one.amount[1]), 0) if one.amount else None
        return replace(one, account=account, amount=amount)

    return replace(
        parsed,
        whole=number(parsed.whole),
        digits=0,
        sources=tuple(leg(one) for one in parsed.sources),
        targets=tuple(leg(one) for one in parsed.targets),
    )


def _without_remaining(intent: Intent) -> Intent:
    def stated(legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
        if not any(leg.remaining for leg in legs):
            return legs
        unit = POWERS[ATTO_SCALE - intent.scale]
        amounts = leg_amounts_atto(intent, legs)
        return tuple(
            replace(leg, remaining=False, units=atto // unit) if leg.remaining else leg
            for leg, atto in zip(legs, amounts, strict=True)
        )

    return replace(intent, sources=stated(intent.sources), targets=stated(intent.targets))


def _role(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    return match[1] if match else name


def _require_known(parsed: ParsedTransaction, name: str) -> None:
    """Amounts can only be `$amount`, and shares only numbers: anything else would be sent as nonsense."""
    numbers = [parsed.whole, *(leg.amount[1] for leg in parsed.legs if leg.amount)]
    unknown = [one.name for one in numbers if isinstance(one, Variable) and one.name != AMOUNT]
    unknown += [part.name for leg in parsed.legs for part in leg.share or () if isinstance(part, Variable)]
    if unknown:
        raise UsageError(
            f"{name}.gold: ${unknown[0]} stands for no number",
            hint="write $amount for an amount, and shares as numbers",
        )
