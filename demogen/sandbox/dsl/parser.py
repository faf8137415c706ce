"""Parses the Gold DSL into an Order, by the grammar of contract 9; a Syntax error says where it stopped.

May import: demogen.sandbox.engine.order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from demogen.sandbox.engine.order import Leg, Order

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<open>\() | (?P<close>\)) | (?P<text>"[^"]*") | (?P<arrow>->) | (?P<bar>\|)
    | (?P<keyword>:[a-z]+) | (?P<variable>\$[a-zA-Z0-9_-]*) | (?P<account>@[a-zA-Z0-9_/-]*) | (?P<word>[a-zA-Z0-9_/-]+)
    )""",
    re.VERBOSE,
)
_INT = re.compile(r"[0-9]+")
# The grammar's own words: none of them is a name, not even where only a name can stand.
_WORDS = """V1 transaction transaction-template chart-of-accounts-group-name code false true pending description
    chart-of-accounts metadata rate from source to distribute send"""
_RESERVED = frozenset(_WORDS.split())


class Syntax(ValueError):
    """The text is not a transaction; says line, column and what was found."""

    def __init__(self, line: int, column: int, text: str) -> None:
        super().__init__(f"{{{line} {column} {text}}}")


class _Tokens:
    """The tokens of a text, one ahead."""

    def __init__(self, source: str) -> None:
        self._source = source.rstrip()
        self._place = 0
        self.kind = ""
        self.value = ""
        self._start = 0
        self.advance()

    def advance(self) -> None:
        if self._place >= len(self._source):
            self._start = self._place
            self.kind, self.value = "end", ""
            return
        match = _TOKEN.match(self._source, self._place)
        if match is None or match.lastgroup is None:
            self._start = self._place
            raise self.error("unexpected character")
        self.kind, self.value = match.lastgroup, match.group(match.lastgroup)
        self._start = match.start(match.lastgroup)
        self._place = match.end()

    def error(self, expected: str) -> Syntax:
        before = self._source[: self._start]
        line = before.count("\n") + 1
        column = self._start - (before.rfind("\n") + 1)
        return Syntax(line, column, f"{expected} at {self.value!r}" if self.value else expected)

    def take(self, kind: str) -> str:
        if self.kind != kind:
            raise self.error(f"expecting {kind}")
        value = self.value
        self.advance()
        return value

    def word(self, *words: str) -> str:
        if self.kind != "word" or self.value not in words:
            raise self.error(f"expecting {' or '.join(words)}")
        return self.take("word")

    def group(self, *words: str) -> str:
        """An opening bracket and the word after it."""
        self.take("open")
        return self.word(*words)

    def opens(self, word: str) -> bool:
        """Whether `(word` comes next."""
        if self.kind != "open":
            return False
        match = _TOKEN.match(self._source, self._place)
        return match is not None and match.lastgroup == "word" and match.group("word") == word

    def number(self) -> int:
        """An integer; a $variable counts as zero (contract 9)."""
        if self.kind == "variable":
            self.advance()
            return 0
        if self.kind != "word" or _INT.fullmatch(self.value) is None:
            raise self.error("expecting an integer")
        return int(self.take("word"))


def parse(source: str, *, keeps_scale: bool) -> Order:
    """The order that a DSL text spells; Syntax for anything else."""
    tokens = _Tokens(source)
    tokens.group("transaction", "transaction-template")
    tokens.word("V1")
    tokens.group("chart-of-accounts-group-name")
    group_name = _name(tokens)
    tokens.take("close")
    description = _optional(tokens, "description", _quoted) or ""
    code = _optional(tokens, "code", _name) or ""
    pending = _optional(tokens, "pending", lambda inner: inner.word("true", "false") == "true") or False
    metadata = _optional(tokens, "metadata", _metadata)
    tokens.group("send")
    asset = _name(tokens)
    value = _amount(tokens, keeps_scale)
    sources = _side(tokens, "source", "from", keeps_scale)
    targets = _side(tokens, "distribute", "to", keeps_scale)
    tokens.take("close")
    if tokens.kind != "close":
        raise tokens.error("expecting close")
    # What follows the last bracket is not looked at.
    return Order(
        kind="json", description=description, code=code, group_name=group_name, pending=pending,
        metadata=metadata or None, date_us=None, route="", route_id=None, asset=asset, value=value, sources=sources,
        targets=targets,
    )  # fmt: skip


def _optional(tokens: _Tokens, word: str, read: Callable[[_Tokens], Any]) -> Any:
    if not tokens.opens(word):
        return None
    tokens.group(word)
    value = read(tokens)
    tokens.take("close")
    return value


def _name(tokens: _Tokens) -> str:
    """Letters, digits, _ - and /, but neither a number nor a word of the grammar."""
    if tokens.value in _RESERVED or _INT.fullmatch(tokens.value):
        raise tokens.error("expecting a name")
    return tokens.take("word")


def _name_or_number(tokens: _Tokens) -> str:
    return tokens.take("word") if _INT.fullmatch(tokens.value) else _name(tokens)


def _quoted(tokens: _Tokens) -> str:
    return tokens.take("text")[1:-1]


def _metadata(tokens: _Tokens) -> dict[str, str]:
    """(KEY VALUE) pairs; values are always strings (contract 9)."""
    pairs: dict[str, str] = {}
    while tokens.kind == "open":
        tokens.take("open")
        key = _name_or_number(tokens)
        pairs[key] = _name_or_number(tokens)
        tokens.take("close")
    if not pairs:
        raise tokens.error("expecting a pair")
    return pairs


def _amount(tokens: _Tokens, keeps_scale: bool) -> Decimal:  # noqa: FBT001 - follows the grammar down
    whole = tokens.number()
    tokens.take("bar")
    scale = tokens.number()
    return Decimal(whole).scaleb(-scale) if keeps_scale else Decimal(whole)


def _side(tokens: _Tokens, side: str, leg: str, keeps_scale: bool) -> list[Leg]:  # noqa: FBT001
    tokens.group(side)
    if tokens.kind == "keyword":
        _keyword(tokens, ":remaining")
    legs = []
    while tokens.kind == "open":
        tokens.group(leg)
        legs.append(_leg(tokens, keeps_scale))
        tokens.take("close")
    if not legs:
        raise tokens.error(f"expecting ({leg}")
    tokens.take("close")
    return legs


def _keyword(tokens: _Tokens, *words: str) -> str:
    if tokens.kind != "keyword" or tokens.value not in words:
        raise tokens.error(f"expecting {' or '.join(words)}")
    return tokens.take("keyword")


def _leg(tokens: _Tokens, keeps_scale: bool) -> Leg:  # noqa: FBT001
    alias = tokens.take(tokens.kind) if tokens.kind in ("account", "variable") else _name(tokens)
    leg = Leg(alias=alias, unused=["dsl"])  # the ledger parses it to other empty parts than JSON
    how = _keyword(tokens, ":amount", ":share", ":remaining")
    if how == ":amount":
        _name(tokens)
        leg.amount = _amount(tokens, keeps_scale)
    elif how == ":share":
        leg.percentage = tokens.number()
        if tokens.kind == "keyword":
            _keyword(tokens, ":of")
            leg.of_percentage = tokens.number() or 100
        if not leg.percentage:
            leg.amount = Decimal(0)
    _optional(tokens, "rate", _rate)
    leg.description = _optional(tokens, "description", _quoted) or ""
    _optional(tokens, "chart-of-accounts", _name)
    leg.metadata = _optional(tokens, "metadata", _metadata)
    return leg


def _rate(tokens: _Tokens) -> None:
    """Read, and without effect (contract 9)."""
    _name(tokens)
    _name(tokens)
    tokens.take("arrow")
    _name(tokens)
    _amount(tokens, keeps_scale=False)
