"""Renders a realism certificate: text, Markdown, JSON, or a page of its own with plots. Measures nothing.

May import: realism.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import msgspec

from demogen.errors import UsageError
from demogen.population.realism import Bar, Certificate, Finding

FORMATS = ("text", "md", "json", "html")
_WORDS = {True: "fits", False: "DEPARTS", None: "told"}


def render(certificate: Certificate, form: str) -> str:
    """The certificate in one of FORMATS. Raises UsageError for another."""
    if form == "json":
        whole = {**msgspec.to_builtins(certificate), "lifelike": certificate.lifelike}
        return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"
    renderings = {"text": _text, "md": _markdown, "html": _html}
    if form not in renderings:
        raise UsageError(f"unknown format {form!r}", hint=f"use {', '.join(FORMATS)}")
    return "\n".join(renderings[form](certificate)) + "\n"


def _headline(certificate: Certificate) -> str:
    departs = sum(finding.fits is False for finding in certificate.findings)
    judged = sum(finding.fits is not None for finding in certificate.findings)
    if departs:
        return f"{departs} of {judged} judged distributions depart from what was asked"
    return f"all {judged} judged distributions fit what was asked"


def _text(certificate: Certificate) -> Iterator[str]:
    yield f"population {certificate.population_id}: {_headline(certificate)}"
    for finding in certificate.findings:
        yield f"{_WORDS[finding.fits]:<8}{finding.question:<40} n = {finding.sample:<9,} {finding.told}"


def _markdown(certificate: Certificate) -> Iterator[str]:
    yield f"# Realism certificate of {certificate.population_id}\n"
    yield f"{_headline(certificate)}.\n"
    for finding in certificate.findings:
        yield f"## {finding.question}\n\n{_WORDS[finding.fits]}: {finding.told} (n = {finding.sample:,}).\n"
        if finding.bars:
            yield "| | asked | measured |\n| --- | --- | --- |"
            yield from (f"| {bar.name} | {_share(bar.asked)} | {_share(bar.measured)} |" for bar in finding.bars)
            yield ""


def _html(certificate: Certificate) -> Iterator[str]:
    name, headline = escape(certificate.population_id), escape(_headline(certificate))
    yield (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Realism of {name}</title><style>{_CSS}</style><h1>Realism certificate of {name}</h1>"
        f"<p>{headline[:1].upper()}{headline[1:]}.</p>"
        "<p class=key><i class=bar></i>measured <i class=mark></i>asked for</p>"
    )
    for finding in certificate.findings:
        word = _WORDS[finding.fits]
        yield f"<section><h2>{escape(finding.question)} <span class={word.lower()}>{word}</span></h2>"
        yield f"<p>{escape(finding.told)} (n = {finding.sample:,})</p>{_plot(finding)}</section>"
    yield "</html>"


def _plot(finding: Finding) -> str:
    """Measured shares as bars, asked ones as ticks."""
    if not finding.bars:
        return ""
    top = max(max(bar.measured, bar.asked or 0.0) for bar in finding.bars) or 1.0
    rows = "".join(_row(bar, place, top) for place, bar in enumerate(finding.bars))
    height = 22 * len(finding.bars) + 4
    return f"<svg viewBox='0 0 640 {height}' role=img aria-label='measured against asked'>{rows}</svg>"


def _row(bar: Bar, place: int, top: float) -> str:
    y = 22 * place + 2
    width = 380 * bar.measured / top
    tick = ""
    if bar.asked is not None:
        x = 150 + 380 * bar.asked / top
        tick = f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{y}' y2='{y + 18}' class=asked />"
    return (
        f"<text x='142' y='{y + 13}' text-anchor=end>{escape(bar.name)}</text>"
        f"<rect x='150' y='{y + 2}' width='{width:.1f}' height='14' />{tick}"
        f"<text x='{150 + max(width, 380 * (bar.asked or 0) / top) + 8:.1f}' y='{y + 13}'>{_share(bar.measured)}</text>"
    )


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


_CSS = """
body{font:15px/1.5 system-ui,sans-serif;max-width:720px;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h2{font-size:1.05rem;margin-bottom:0}svg{width:100%;font-size:11px}rect{fill:#4c78a8}
.asked{stroke:#d1495b;stroke-width:2}span{font-size:.8rem;padding:.1rem .5rem;border-radius:1rem;background:#e6eaf0}
.key{font-size:.85rem}i{display:inline-block;margin:0 .35rem 0 .8rem;vertical-align:middle}i.bar{width:18px;height:10px;
background:#4c78a8;margin-left:0}i.mark{width:2px;height:14px;background:#d1495b}
.departs{background:#f7c6cc}.fits{background:#cdeccf}
@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e6e6}text{fill:#e6e6e6}span{color:#1b1f24}}
"""
