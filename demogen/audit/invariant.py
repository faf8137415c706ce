"""Invariants as data: a .sql file each, with its sentence, its source, the defects it catches, and what it needs.

The first query lists counter-examples (columns `words`, `size`, `at_ns`, and what else names a witness); a second
one, after a comment that begins with `Unknown:`, lists reasons why not everything could be judged. May import:
errors.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import msgspec

from demogen.errors import UsageError

FOLDER = Path(__file__).parent / "invariants"

#: What an audit can have at hand; an invariant is judged only where all it needs is there.
NEEDS = ("journal", "opening", "balances", "transactions")


class Invariant(msgspec.Struct, frozen=True):
    """One claim about the books. `name` is its file's name; `query` lists counter-examples, `doubts` reasons."""

    name: str
    sentence: str
    source: str
    catches: tuple[str, ...]
    needs: tuple[str, ...]
    query: str
    doubts: str = ""


def invariants(folder: Path = FOLDER) -> list[Invariant]:
    """All of them, by name. Raises UsageError where a file lacks a part of its head."""
    return [parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))]


def parse(name: str, text: str) -> Invariant:
    """Read one file's text."""
    comments, rest = _head(text)
    sentence = " ".join(itertools.takewhile(lambda line: not line.startswith("Source:"), comments))
    head = "\n".join(comments)
    source = re.search(r"Source: (.*?)\.(?: |$)", head, re.MULTILINE)
    catches = re.search(r"Catches:([^.]*)\.", head)
    needs = re.search(r"Needs: ([^.]*)\.", head)
    if not (sentence and source and catches and needs):
        raise UsageError(f"{name}.sql lacks its head", hint="a sentence, Source:, Catches: and Needs: as comments")
    query, _, doubts = rest.partition("-- Unknown:")
    return Invariant(
        name=name,
        sentence=sentence,
        source=source.group(1),
        catches=tuple(catches.group(1).replace(",", " ").split()),
        needs=tuple(needs.group(1).split(", ")),
        query=query.strip().rstrip(";"),
        doubts=doubts.partition("\n")[2].strip().rstrip(";"),
    )


def _head(text: str) -> tuple[list[str], str]:
    lines = text.splitlines()
    count = 0
    while count < len(lines) and lines[count].startswith("--"):
        count += 1
    return [line[2:].strip() for line in lines[:count]], "\n".join(lines[count:])
