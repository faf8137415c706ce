"""Draws how the entities of a population hang together, and says what each exported column means.

Mermaid and DOT for the map, Markdown for the dictionary. Reads the manifest, writes text. May import: manifest, kinds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest, Row, State

_EXISTS = (State.MADE, State.FOUND)
#: A map of more ledgers than this is no map: the rest is told in a sentence.
LEDGERS_DRAWN_MAX = 40

_RELATIONS = (
    (Kind.ORGANIZATION, Kind.ORGANIZATION, "parent of"),
    (Kind.ORGANIZATION, Kind.LEDGER, "keeps"),
    (Kind.LEDGER, Kind.ASSET, "holds"),
    (Kind.LEDGER, Kind.ACCOUNT_TYPE, "knows"),
    (Kind.LEDGER, Kind.OPERATION_ROUTE, "books by"),
    (Kind.OPERATION_ROUTE, Kind.TRANSACTION_ROUTE, "side of"),
    (Kind.LEDGER, Kind.PORTFOLIO, "has"),
    (Kind.LEDGER, Kind.SEGMENT, "has"),
    (Kind.PORTFOLIO, Kind.ACCOUNT, "groups"),
    (Kind.SEGMENT, Kind.ACCOUNT, "groups"),
    (Kind.ASSET, Kind.ACCOUNT, "denominates"),
    (Kind.ACCOUNT, Kind.ACCOUNT, "parent of"),
    (Kind.ACCOUNT, Kind.BALANCE, "has"),
    (Kind.ACCOUNT, Kind.OVERDRAFT, "may use"),
    (Kind.LEDGER, Kind.ASSET_RATE, "quotes"),
    (Kind.ACCOUNT, Kind.DEPOSIT, "opened by"),
    (Kind.ACCOUNT, Kind.TRANSACTION, "takes part in"),
)


def mermaid(manifest: Manifest) -> str:
    """An entity-relationship diagram with the counts of this population."""
    counts = _counts(manifest)
    lines = ["erDiagram"]
    for above, below, verb in _RELATIONS:
        if counts.get(above) and counts.get(below):
            lines.append(f'    {above.name} ||--o{{ {below.name} : "{verb}"')
    for kind, count in counts.items():
        lines.append(f"    {kind.name} {{\n        int count_{count}\n    }}")
    return "\n".join(lines) + "\n"


def dot(manifest: Manifest, *, named: bool = True) -> str:
    """Organizations and ledgers, with what each ledger holds, for Graphviz; with `named` off by number only."""
    lines = ["digraph population {", "  rankdir=LR; node [shape=box, fontname=Helvetica];"]
    parents = {row.position: row for row in manifest.rows(Kind.ORGANIZATION, states=_EXISTS)}
    drawn = 0
    for row in manifest.rows(Kind.LEDGER, states=_EXISTS):
        if drawn >= LEDGERS_DRAWN_MAX:
            break
        drawn += 1
        owner = parents.pop(row.owner, None)
        if owner is not None:
            name = owner.label if named else f"organization {owner.position}"
            lines.append(f"  o{owner.position} [label={_label(name)}, style=bold];")
        lines.append(f"  l{row.position} [label={_label(_ledger_text(manifest, row))}];")
        lines.append(f"  o{row.owner} -> l{row.position};")
    left = manifest.count(Kind.LEDGER, _EXISTS) - drawn
    if left:
        lines.append(f"  rest [label={_label(f'{left:,} more ledgers')}, shape=plaintext];")
    return "\n".join([*lines, "}"]) + "\n"


def _ledger_text(manifest: Manifest, row: Row) -> str:
    parts = [
        f"{count:,} {kind.label}"
        for kind in (Kind.ASSET, Kind.PORTFOLIO, Kind.SEGMENT, Kind.ACCOUNT)
        if (count := manifest.count_in_ledger(kind, row.position, _EXISTS))
    ]
    return "\n".join([row.label, *parts])


def dictionary(columns: dict[str, dict[str, object]]) -> str:
    """Every exported column: type, meaning, an example."""
    return "\n".join(_dictionary_lines(columns)) + "\n"


def _dictionary_lines(columns: dict[str, dict[str, object]]) -> Iterator[str]:
    meanings = _meanings()
    yield "# Data dictionary"
    for table, names in columns.items():
        yield f"\n## {table}\n\n{meanings['tables'].get(table, '')}\n"
        yield "| column | type | meaning | example |\n| --- | --- | --- | --- |"
        for name, example in names.items():
            meaning = _meaning(meanings["columns"], table, name)
            shown = str(example).replace("|", "\\|").replace("\n", " ")
            yield f"| {name} | {_type_name(example)} | {meaning} | {shown[:60]} |"


def _meaning(columns: dict[str, str], table: str, name: str) -> str:
    """The meaning of a column; of a nested one, its parent's with the part named."""
    told = columns.get(f"{table}.{name}") or columns.get(name)
    if told:
        return told
    above, _, part = name.partition("_")
    return f"{columns[above]}: {part}" if above in columns and part else ""


@cache
def _meanings() -> dict[str, dict[str, str]]:
    text = resources.files("demogen.population").joinpath("data", "dictionary.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _type_name(value: object) -> str:
    names = {bool: "boolean", int: "integer", dict: "object", list: "list", type(None): "text, may be absent"}
    return names.get(type(value), "text")


def _counts(manifest: Manifest) -> dict[Kind, int]:
    counted = {
        kind: sum(number for state, number in states.items() if state in _EXISTS)
        for kind, states in sorted(manifest.counts().items())
    }
    return {kind: count for kind, count in counted.items() if count}


def _label(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
