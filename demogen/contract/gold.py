"""Reads the Gold DSL: text to a parsed transaction, and that to an intent (grammar in `gold.lark`, contract section 9).

Takes what the server takes, reserved words and all, and says by line and column where it does not. What the server
throws away is kept apart as `ignored`, so that a check can say so. Decides nothing about amounts or funds.
May import: contract, errors; lark, which is slow to load, only when something is parsed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

import msgspec

from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef, Leg
from demogen.errors import UsageError

if TYPE_CHECKING:
    from lark import Lark
    from lark.exceptions import UnexpectedInput

MARK = "demogen_key"


class Variable(msgspec.Struct, frozen=True):
    """A placeholder, `$name`. The server counts it as 0; ours is to be filled in before anything is sent."""

    name: str


Number = int | Variable
Pairs = tuple[tuple[str, str], ...]


class ParsedLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One `(from …)` or `(to …)` as written; exactly one of `amount`, `share` and `remaining` is set.

    `amount` is (asset, whole, digits after the bar); `share` is (percentage, percentage of percentage or 0).
    `ignored` names what stands there without effect on the server. Lines and columns count from 1.
    """

    account: str | Variable
    amount: tuple[str, Number, Number] | None = None
    share: tuple[Number, Number] | None = None
    remaining: bool = False
    description: str = ""
    metadata: Pairs = ()
    ignored: tuple[str, ...] = ()
    line: int = 0
    column: int = 0


class ParsedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A `.gold` file as written; `whole` and `digits` are the two sides of the bar after the asset."""

    group: str
    asset: str
    whole: Number
    digits: Number
    sources: tuple[ParsedLeg, ...]
    targets: tuple[ParsedLeg, ...]
    description: str = ""
    code: str = ""
    pending: bool = False
    metadata: Pairs = ()
    template: bool = False
    ignored: tuple[str, ...] = ()

    @property
    def legs(self) -> tuple[ParsedLeg, ...]:
        return self.sources + self.targets

    @property
    def variables(self) -> list[str]:
        """Names of the placeholders, each once, in the order they are met."""
        return list(dict.fromkeys(value.name for value in self._values() if isinstance(value, Variable)))

    def _values(self) -> Iterator[str | Number]:
        yield from (self.whole, self.digits)
        for leg in self.legs:
            yield leg.account
            yield from (leg.amount or ())[1:]
            yield from leg.share or ()


def parse(text: str) -> ParsedTransaction:
    """The transaction that a `.gold` file states.

    Raises UsageError, its message beginning with `line L, column C:`, where the text is not one transaction.
    """
    from lark.exceptions import UnexpectedInput

    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _misread(text, error) from None
    return _transaction(tree)


@functools.cache
def _parser() -> Lark:
    from lark import Lark

    grammar = resources.files("demogen.contract").joinpath("gold.lark").read_text(encoding="utf-8")
    # The basic lexer splits before it knows what is wanted, as the server's does: a reserved word is never a NAME.
    return Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=True, propagate_positions=True)


def to_intent(parsed: ParsedTransaction, accounts: Mapping[str, AccountRef], ledger: LedgerRef) -> Intent:
    """The intent that books what the server would book for `parsed`; `accounts` are keyed by alias.

    Amounts are whole (the digits after the bar have no effect) at the scale of the accounts of that asset. A mark
    among the metadata is left out: whoever sends the intent gives it its own. Raises UsageError for placeholders,
    unknown accounts and metadata on a leg, which an intent cannot hold.
    """
    if parsed.variables:
        names = ", ".join(f"${name}" for name in parsed.variables)
        raise UsageError(f"placeholders are not filled in: {names}", hint="the ledger would count each of them as 0")
    known = [accounts.get(str(leg.account)) for leg in parsed.legs]
    scale = next((account.scale for account in known if account and account.asset == parsed.asset), 0)
    return Intent(
        action=Action.CREATE,
        ledger=ledger,
        asset=parsed.asset,
        scale=scale,
        units=cast("int", parsed.whole) * 10**scale,
        sources=tuple(_leg_of(leg, accounts, scale) for leg in parsed.sources),
        targets=tuple(_leg_of(leg, accounts, scale) for leg in parsed.targets),
        pending=parsed.pending,
        description=parsed.description,
        code=parsed.code,
        group=parsed.group,
        metadata=tuple(pair for pair in parsed.metadata if pair[0] != MARK),
    )


def _leg_of(leg: ParsedLeg, accounts: Mapping[str, AccountRef], scale: int) -> Leg:
    account = accounts.get(cast("str", leg.account))
    place = f"line {leg.line}, column {leg.column}"
    if account is None:
        raise UsageError(f"{place}: there is no account {leg.account}", hint="name an alias of this ledger")
    if leg.metadata:
        raise UsageError(f"{place}: metadata on a leg cannot be kept", hint="put it on the transaction")
    units = cast("int", leg.amount[1]) * 10**scale if leg.amount else None
    share = cast("tuple[int, int] | None", leg.share)
    return Leg(account, units=units, share=share, remaining=leg.remaining, description=leg.description)


# Trees of lark have children of many kinds; `Any` says so, the grammar says which.


def _transaction(tree: Any) -> ParsedTransaction:
    kind, _, group, description, code, pending, metadata, send = tree.children
    asset, whole, digits, source, distribute = send.children
    sides = {"source": source.children, "distribute": distribute.children}
    return ParsedTransaction(
        group=_word(group),
        asset=str(asset),
        whole=_number(whole),
        digits=_number(digits),
        sources=tuple(_leg(leg) for leg in source.children[1:]),
        targets=tuple(_leg(leg) for leg in distribute.children[1:]),
        description=_quoted(description),
        code=_word(code) if code else "",
        pending=bool(pending) and pending.children[0].data == "yes",
        metadata=_pairs(metadata),
        template=kind.data == "template",
        ignored=tuple(f":remaining after {name}" for name, (remaining, *_) in sides.items() if remaining),
    )


def _leg(tree: Any) -> ParsedLeg:
    account, how, rate, description, chart, metadata = tree.children
    is_amount, is_share = how.data == "amount", how.data == "share"
    parts = how.children
    return ParsedLeg(
        account=_account(account.children[0]),
        amount=(str(parts[0]), _number(parts[1]), _number(parts[2])) if is_amount else None,
        share=(_number(parts[0]), _number(parts[1]) if parts[1] else 0) if is_share else None,
        remaining=how.data == "remaining",
        description=_quoted(description),
        metadata=_pairs(metadata),
        ignored=tuple(word for word, part in (("rate", rate), ("chart-of-accounts", chart)) if part),
        line=tree.meta.line,
        column=tree.meta.column,
    )


def _account(token: Any) -> str | Variable:
    return Variable(str(token)[1:]) if token.type == "VARIABLE" else str(token)


def _number(tree: Any) -> Number:
    token = tree.children[0]
    return Variable(str(token)[1:]) if token.type == "VARIABLE" else int(token)


def _word(tree: Any) -> str:
    return str(tree.children[0])


def _quoted(tree: Any) -> str:
    return str(tree.children[0])[1:-1] if tree else ""


def _pairs(tree: Any) -> Pairs:
    return tuple((_word(pair.children[0]), _word(pair.children[1])) for pair in tree.children) if tree else ()


_SPOKEN = {
    "LPAR": "'('",
    "RPAR": "')'",
    "VBAR": "'|'",
    "NAME": "a name (letters, digits, _ - /; not a number or a reserved word)",
    "INT": "a whole number",
    "VARIABLE": "a $placeholder",
    "ACCOUNT": "an @account",
    "STRING": 'a "text"',
    "VERSION": "V1",
    "REMAINING": ":remaining",
    "$END": "the end of the file",
}


_ODD_CHARACTERS = {
    ".": "the DSL has no decimals: write whole amounts, as in USD 8|0",
    ":": "an alias with a colon has no spelling in the DSL: send this transaction as JSON",
    '"': "the text that begins here has no closing quote",
}


def _misread(text: str, error: UnexpectedInput) -> UsageError:
    """Where reading stopped, what stands there, and what would have been right."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    if isinstance(error, UnexpectedCharacters):
        hint = _ODD_CHARACTERS.get(error.char, 'only names, numbers, @accounts, "texts" and ( ) | stand in a script')
        return UsageError(f"line {error.line}, column {error.column}: unexpected {error.char!r}", hint=hint)
    assert isinstance(error, UnexpectedToken)
    hint = "expected " + " or ".join(sorted(_spoken(name) for name in error.accepts or error.expected))
    if error.token.type != "$END":
        return UsageError(f"line {error.line}, column {error.column}: unexpected {str(error.token)!r}", hint=hint)
    lines = text.splitlines() or [""]
    return UsageError(f"line {len(lines)}, column {len(lines[-1]) + 1}: the script ends too early", hint=hint)


def _spoken(name: str) -> str:
    """A terminal's name as a person would write it."""
    if name in _SPOKEN:
        return _SPOKEN[name]
    (definition,) = [terminal for terminal in _parser().terminals if terminal.name == name]
    return str(definition.pattern.value)
