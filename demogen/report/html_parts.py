"""Building blocks of the page. Text arguments are escaped here, except table cells, which may hold markup.

May import: nothing from demogen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape

_CHIPS = {"passed": "HOLDS", "missed": "VIOLATED"}


def section(title: str, says: str, parts: Iterable[str]) -> str:
    """A heading with its sentence, then its panels."""
    return f"<section><h2>{escape(title)}</h2><p>{escape(says)}</p>{''.join(parts)}</section>"


def panel(title: str, content: str) -> str:
    head = f"<h3>{escape(title)}</h3>" if title else ""
    return f'<div class="panel">{head}{content}</div>'


def card(value: str, says: str) -> str:
    return f'<div class="card"><b>{escape(value)}</b><span>{escape(says)}</span></div>'


def chip(word: str) -> str:
    """A verdict word in its colour."""
    return f'<span class="chip {_CHIPS.get(word, escape(word))}">{escape(word)}</span>'


def note(says: str) -> str:
    return f'<p class="legend">{escape(says)}</p>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: Collection[int] = ()) -> str:
    """Cells are markup. Columns in `words` hold text and are set to the left, as the first one is."""
    kinds = [' class="words"' if column in words else "" for column in range(len(heads))]
    top = "".join(f"<th{kind}>{escape(head)}</th>" for kind, head in zip(kinds, heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    head = f"<thead><tr>{top}</tr></thead>" if any(heads) else ""
    return f"<table>{head}<tbody>{body}</tbody></table>"
