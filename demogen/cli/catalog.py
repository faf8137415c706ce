"""`demogen catalog`: what a population can be made of, as tables or JSON. Prints; decides nothing.

May import: `population`, `config`, this room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
import typer

from demogen.cli.options import takes
from demogen.cli.screen import VerbCommand
from demogen.config import Settings
from demogen.errors import UsageError
from demogen.population.catalog import Catalog
from demogen.population.flows import FLOWS
from demogen.population.spec import presets

app = typer.Typer()

Section = Annotated[str, typer.Argument(metavar="[SECTION]", help="One section only, such as assets.")]
Rows = list[tuple[str, ...]]


@app.command(cls=VerbCommand)
@takes(Catalog=("templates", "json_output"))
def catalog(settings: Settings, section: Section = "") -> None:
    """What a population can be made of: presets, industries, assets, roles, account types, routes, places.

    A folder of TOML files given with --templates overrides and extends what is shipped: tables merge by key, lists
    replace. The files are named as the shipped ones: assets.toml, roles.toml, industries.toml …
    """
    templates = Catalog.load(settings.templates)
    if section and section not in _SECTIONS:
        raise UsageError(f"unknown section {section!r}", hint=f"use one of {', '.join(_SECTIONS)}")
    chosen = [section] if section else list(_SECTIONS)
    if settings.json_output:
        flows = {name: flow._asdict() for name, flow in FLOWS.items()}
        whole = {**templates.model_dump(mode="json"), "presets": presets(), "transactions": flows}
        keys = [key for name in chosen for key in _KEYS.get(name, (name,))]
        typer.echo(msgspec.json.encode({key: whole[key] for key in keys}).decode())
        return
    for name in chosen:
        _table(name, _SECTIONS[name](templates))


def _table(name: str, rows: Rows) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    typer.echo(f"{name.replace('_', ' ')}")
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        typer.echo("  " + "  ".join(cells).rstrip())
    typer.echo()


def _presets(_: Catalog) -> Rows:
    names = list(next(iter(presets().values())))
    head = ("", *(name.replace("_per_", "/").replace("_", " ") for name in names))
    return [head, *((preset, *(f"{sizes[name]:,}" for name in names)) for preset, sizes in presets().items())]


def _industries(templates: Catalog) -> Rows:
    return [(line.industry, line.line, " · ".join((*line.names, *line.names_br))) for line in templates.lines.values()]


def _assets(templates: Catalog) -> Rows:
    head = ("", "name", "type", "family", "scale", "in dollars")
    rows = [
        (code, one.name, one.type, one.family, str(one.scale), str(one.usd)) for code, one in templates.assets.items()
    ]
    token = templates.token
    return [
        head,
        *rows,
        ("TOKENA …", token.name, token.type, token.family, "/".join(map(str, token.scales)), str(token.usd)),
    ]


def _roles(templates: Catalog) -> Rows:
    head = ("", "account type", "held by", "portfolio", "opens with about", "purpose")
    return [
        head,
        *(
            (name, role.kind, role.owner, role.portfolio, f"{role.opening_usd:,} dollars", role.purpose)
            for name, role in templates.roles.items()
        ),
    ]


def _account_types(templates: Catalog) -> Rows:
    head = ("", "class", "interest", "overdraft", "meaning")
    return [
        head,
        *(
            (
                key,
                kind.accounting_class,
                f"{kind.interest_bp / 100:g} %" if kind.interest_bp else "",
                f"{kind.overdraft_usd:,} dollars" if kind.overdraft_usd else "",
                kind.description,
            )
            for key, kind in templates.account_types.items()
        ),
    ]


def _ledgers(templates: Catalog) -> Rows:
    return [(one.name, one.purpose, f"{one.currency_scope} currency") for one in templates.ledgers]


def _portfolios(templates: Catalog) -> Rows:
    return [(group.family, " · ".join(group.names)) for group in templates.portfolios]


def _segments(templates: Catalog) -> Rows:
    return [(group.family, " · ".join(group.names)) for group in templates.segments]


def _routes(templates: Catalog) -> Rows:
    sides = [(key, one.side, one.code, one.description) for key, one in templates.operation_routes.items()]
    flows = [
        (key, "flow", " → ".join(one.operations), one.description) for key, one in templates.transaction_routes.items()
    ]
    return [*sides, *flows]


def _places(templates: Catalog) -> Rows:
    return [
        (country, f"{place.city}, {place.state}", " ".join(place.zips))
        for country, places in (("US", templates.us), ("BR", templates.br))
        for place in places
    ]


def _transactions(_: Catalog) -> Rows:
    head = ("", "share", "from", "to", "median")
    whole = sum(flow.weight for flow in FLOWS.values())
    return [
        head,
        *(
            (
                name,
                f"{100 * flow.weight / whole:.0f} %",
                flow.source or "outside",
                " + ".join(target or "outside" for target in flow.targets),
                f"{flow.cents / 100:,.2f} dollars" if name != "interest" else "a month at the account's rate",
            )
            for name, flow in FLOWS.items()
        ),
    ]


_SECTIONS: dict[str, Callable[[Catalog], Rows]] = {
    "presets": _presets,
    "industries": _industries,
    "ledgers": _ledgers,
    "assets": _assets,
    "roles": _roles,
    "account_types": _account_types,
    "portfolios": _portfolios,
    "segments": _segments,
    "routes": _routes,
    "transactions": _transactions,
    "places": _places,
}

_KEYS = {
    "industries": ("lines", "sizes", "suffixes"),
    "assets": ("assets", "token"),
    "roles": ("roles", "order"),
    "ledgers": ("ledgers", "regions", "home"),
    "routes": ("operation_routes", "transaction_routes", "rates"),
    "places": ("us", "br"),
}
