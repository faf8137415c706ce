"""A population on one screen: who it is, how many of what, and how it is spread. Formats a summary.

May import: `population`.
"""

from __future__ import annotations

from collections.abc import Iterator

from demogen.population.summary import Summary

_WIDTH = 28
_SHOWN_MAX = 12


def portrait(summary: Summary) -> str:
    """The screen, without a last newline."""
    return "\n".join(_lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    about = summary.about
    yield f"population {about.get('id', '?')}: preset {about.get('preset', '?')}, seed {about.get('seed', '?')}"
    if about.get("url"):
        yield f"made on    {about['url']}"
    yield ""
    for kind, states in summary.counts.items():
        there = states.get("made", 0) + states.get("found", 0)
        lost = "".join(f", {states[state]:,} {state}" for state in ("failed", "skipped") if state in states)
        yield f"{kind.replace('_', ' '):<18} {there:>11,}{lost}"
    yield f"{'entities':<18} {summary.entities:>11,}"
    for title, counts in (
        ("organizations by industry", summary.industries),
        ("organizations by country", summary.countries),
        ("organizations by state", summary.states),
        ("organizations by size", summary.sizes),
        ("ledgers by purpose", summary.purposes),
        ("accounts by role", summary.roles),
        ("accounts by type", summary.account_types),
        ("accounts by asset", summary.accounts_by_asset),
        ("transactions by kind", summary.transactions),
        ("not made, by reason", summary.reasons),
    ):
        yield from _bars(title, counts)
    if summary.deposits:
        yield ""
        yield "opening balances"
        for asset, amount in summary.deposits.items():
            yield f"  {asset:<16} {amount:>32}"


def _bars(title: str, counts: dict[str, int]) -> Iterator[str]:
    if not counts:
        return
    yield ""
    yield title
    top = max(counts.values())
    for name, count in list(counts.items())[:_SHOWN_MAX]:
        yield f"  {name[:40]:<18} {count:>11,}  {'▇' * max(1, round(_WIDTH * count / top))}"
    if len(counts) > _SHOWN_MAX:
        yield f"  … and {len(counts) - _SHOWN_MAX} more"
