"""Hypothesis strategies: accounts and intents, those that the Gold DSL can spell and those it cannot."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from demogen.contract import dsl
from demogen.contract.money import split_even
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef, Leg

LEDGER = LedgerRef(0, "0198a000-0000-7000-8000-000000000001", "0198a000-0000-7000-8000-000000000002")
NAME_CHARACTERS = string.ascii_letters + string.digits + "_-/"
RESERVED = sorted(dsl._RESERVED)

words = st.text(NAME_CHARACTERS, min_size=1, max_size=20).filter(lambda text: text not in RESERVED)
names = words.filter(lambda text: not text.isdigit())
marks = st.from_regex(r"r[0-9]{8}-[0-9a-f]{4}-[0-9]{1,3}-[0-9]{1,9}", fullmatch=True)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters='"') | st.just(" "), max_size=120
)


def account(index: int, *, asset: str = "USD", scale: int = 2, alias: str = "") -> AccountRef:
    """An account of the one ledger of these tests."""
    return AccountRef(index, f"account-{index}", alias or f"@a{index}", asset, scale, LEDGER)


@st.composite
def spellable_intents(draw: st.DrawFn, *, remaining: bool = True, funds: int = 10**9) -> Intent:
    """Intents that balance, in every shape that the DSL can say; `remaining=False` leaves that kind of leg out.

    At most `funds` whole units move, from 1 to 3 sources to 1 to 4 targets, all accounts apart.
    """
    scale = draw(st.sampled_from([0, 2, 8, 18]))
    whole = draw(st.integers(1, funds))
    sources = draw(_sides(whole=whole, scale=scale, first=0, most=3, remaining=remaining))
    targets = draw(_sides(whole=whole, scale=scale, first=10, most=4, remaining=remaining))
    return Intent(
        action=Action.CREATE,
        ledger=LEDGER,
        asset="USD",
        scale=scale,
        units=whole * 10**scale,
        sources=sources,
        targets=targets,
        pending=draw(st.booleans()),
        description=draw(texts),
        code=draw(st.just("") | names),
        group=draw(st.just("") | names),
        metadata=tuple(draw(st.dictionaries(words, words, max_size=3)).items()),
    )


@st.composite
def _sides(draw: st.DrawFn, *, whole: int, scale: int, first: int, most: int, remaining: bool) -> tuple[Leg, ...]:
    """Legs of one side that sum to `whole`: shares of 100 %, or amounts, the last of them perhaps the rest."""
    count = draw(st.integers(1, most))
    accounts = [account(first + index, scale=scale) for index in range(count)]
    how = draw(st.sampled_from(["amounts", "shares", "shares of shares", "remaining"]))
    if how == "shares":
        shares: list[tuple[int, int]] = [(share, 0) for share in split_even(100, count)]
    elif how == "shares of shares":
        # Each takes all of its part in two steps: p % of 100 %, or 100 % of p %.
        shares = [(share, 100) if draw(st.booleans()) else (100, share) for share in split_even(100, count)]
    else:
        units = [part * 10**scale for part in split_even(whole, count)]
        legs = [
            Leg(each, units=part, description=draw(st.just("") | texts))
            for each, part in zip(accounts, units, strict=True)
        ]
        if how == "remaining" and remaining:
            legs[-1] = Leg(accounts[-1], remaining=True)
        return tuple(legs)
    return tuple(Leg(each, share=share) for each, share in zip(accounts, shares, strict=True))
