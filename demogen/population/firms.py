"""Bodies of organizations and ledgers: industry, size, group, seat; purpose, region, currencies.

Pure: (plan, index) in, fields out. May import: catalog, draws, names, tax, spec, contract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from demogen.population import tax
from demogen.population.catalog import Asset, Catalog, Line, Place
from demogen.population.draws import Draw
from demogen.population.kinds import Kind
from demogen.population.names import Names, address, names, place
from demogen.population.spec import PopulationSpec

GROUP_SIZE = 5
_NOBODY = 2**63  # an index that no entity has


class Seat(NamedTuple):
    """What the ledgers and accounts of an organization take from it."""

    legal_name: str
    trade_name: str
    country: str


class Books(NamedTuple):
    """What the entities of a ledger take from it. `assets` are (code, template), the main one first."""

    name: str
    purpose: str
    region: str
    scope: str
    serves: str
    assets: tuple[tuple[str, Asset], ...]


class Firms:
    """Organizations and ledgers of one spec and seed."""

    def __init__(self, spec: PopulationSpec, catalog: Catalog, seed: int) -> None:
        self._spec = spec
        self._catalog = catalog
        self._seed = seed
        self.books = lru_cache(maxsize=64)(self._books)
        self.seat = lru_cache(maxsize=64)(self._seat)

    @cached_property
    def _lines(self) -> tuple[Line, ...]:
        asked = self._spec.industries
        lines = tuple(
            line for name, line in self._catalog.lines.items() if not asked or name in asked or line.industry in asked
        )
        return lines or tuple(self._catalog.lines.values())

    @cached_property
    def _first_country(self) -> int:
        """Mixed populations alternate, so that even two organizations are mixed; the seed says who begins."""
        return Draw(self._seed, Kind.ORGANIZATION, _NOBODY).below(2)

    def pool(self, country: str) -> Names:
        return names(country, self._seed)

    def parent_of(self, index: int) -> int | None:
        """The head of the group an organization belongs to: of five, two belong to the first."""
        place_in_group = index % GROUP_SIZE
        return index - place_in_group if place_in_group in (2, 4) else None

    def organization(self, index: int, mark: str) -> dict[str, Any]:
        draw, seat, line, at = self._identity(index)
        size = draw.pick(tuple(self._catalog.sizes))
        low, high = self._catalog.sizes[size]
        document = tax.cnpj(draw) if seat.country == "BR" else tax.ein(draw)
        fields: dict[str, Any] = {
            "legalName": seat.legal_name,
            "doingBusinessAs": seat.trade_name,
            "legalDocument": document,
            "address": address(at, self.pool(seat.country), draw).model_dump(by_alias=True, exclude_none=True),
            "status": self._status(draw),
            "metadata": {
                **line.metadata,
                "demogen_key": mark,
                "industry": line.industry,
                "line": line.line,
                "size": size,
                "employees": draw.between(low, high),
                "founded": draw.between(*line.founded),
                "latitude_e2": at.at[0],
                "longitude_e2": at.at[1],
            },
        }
        return fields

    def _status(self, draw: Draw) -> dict[str, str]:
        statuses = self._catalog.statuses
        chosen = statuses[draw.weighted(tuple(accumulate(one.weight for one in statuses)))]
        return {"code": chosen.code, **({"description": chosen.description} if chosen.description else {})}

    def _seat(self, index: int) -> Seat:
        return self._identity(index)[1]

    def _identity(self, index: int) -> tuple[Draw, Seat, Line, Place]:
        draw = Draw(self._seed, Kind.ORGANIZATION, index)
        country = {"us": "US", "br": "BR"}.get(self._spec.locale) or ("US", "BR")[(index + self._first_country) % 2]
        # Going round the lines gives even a small population several industries; the draw varies the round.
        line = self._lines[(index * 7 + draw.below(2)) % len(self._lines)]
        pool = self.pool(country)
        at = place(self._catalog, country, draw)
        patterns, words = line.names, line.words
        if country == "BR":
            patterns, words = line.names_br or patterns, line.words_br or words
        name = draw.pick(patterns).format(
            family=draw.pick(pool.last), family2=draw.pick(pool.last), city=at.city, word=draw.pick(words)
        )
        suffix = draw.pick(line.suffixes.get(country) or self._catalog.suffixes[country])
        return draw, Seat(f"{name} {suffix}".rstrip(), name, country), line, at

    def ledger(self, index: int, mark: str) -> dict[str, Any]:
        books = self.books(index)
        first = index - index % self._spec.ledgers_per_organization
        metadata = {
            "demogen_key": mark,
            "purpose": books.purpose,
            "currency_scope": books.scope,
            "region": books.region,
            "main_asset": books.assets[0][0],
        }
        if index != first:
            metadata["reports_to"] = self.books(first).name
        served = next((n for n in range(index - 1, first - 1, -1) if self.books(n).purpose == books.serves), None)
        if books.serves and served is not None:
            metadata["serves"] = self.books(served).name
        return {"name": books.name, "status": {"code": "ACTIVE"}, "metadata": metadata}

    def _books(self, index: int) -> Books:
        organization, nth = divmod(index, self._spec.ledgers_per_organization)
        seat = self.seat(organization)
        templates = self._catalog.ledgers
        template = templates[nth % len(templates)]
        home = self._catalog.home.get(seat.country) or tuple(self._catalog.regions)
        region = home[nth % len(home)]
        assets = self._assets(region, single=template.currency_scope == "single")
        name = template.name.format(region=region.upper(), asset=assets[0][0])
        round_of = nth // len(templates)
        name = f"{name} {round_of + 1}" if round_of else name
        return Books(name, template.purpose, region, template.currency_scope, template.serves, assets)

    def _assets(self, region: str, *, single: bool) -> tuple[tuple[str, Asset], ...]:
        spec, catalog = self._spec, self._catalog
        codes = [code for code in catalog.assets if not spec.assets or code in spec.assets]
        if spec.assets:
            codes = [code for code in spec.assets if code in catalog.assets]
        if spec.asset_families:
            asked = set(spec.asset_families)
            codes = [code for code in codes if asked & {catalog.assets[code].family, catalog.assets[code].type}]
            # A kind's turn comes round, so that few assets are not all of the first kind that was asked for.
            codes = _in_turns(codes, of=lambda code: catalog.assets[code].family)
        main = catalog.regions[region]
        if main in codes:
            codes = [main, *(code for code in codes if code != main)]
        if single and codes:
            codes = [codes[0], *(code for code in codes[1:] if catalog.assets[code].type != "currency")]
        chosen = [(code, catalog.assets[code]) for code in codes[: spec.assets_per_ledger]]
        return (*chosen, *(self._token(nth) for nth in range(spec.assets_per_ledger - len(chosen))))

    def _token(self, nth: int) -> tuple[str, Asset]:
        token, letters = self._catalog.token, _letters(nth)
        scale = token.scales[nth % len(token.scales)]
        asset = Asset(
            name=f"{token.name} {letters}", type=token.type, family=token.family, scale=scale,
            symbol=f"TK{letters}", usd=token.usd,
        )  # fmt: skip
        return f"TOKEN{letters}", asset

    def asset(self, ledger: int, slot: int, mark: str) -> dict[str, Any]:
        code, asset = self.books(ledger).assets[slot]
        metadata: dict[str, Any] = {
            "demogen_key": mark,
            "family": asset.family,
            "symbol": asset.symbol,
            "scale": asset.scale,
            "reference_usd": format(asset.usd, "f"),
        }
        if asset.type == "currency":
            metadata["iso"] = code
        return {
            "name": asset.name,
            "type": asset.type,
            "code": code,
            "status": {"code": "ACTIVE"},
            "metadata": metadata,
        }


def _in_turns(codes: list[str], *, of: Callable[[str], str]) -> list[str]:
    """One of each family, then another of each, in their order."""
    met: Counter[str] = Counter()
    turns = []
    for code in codes:
        met[of(code)] += 1
        turns.append(met[of(code)])
    return [code for _, code in sorted(zip(turns, codes, strict=True), key=lambda pair: pair[0])]


def _letters(number: int) -> str:
    """0, 1 … 25, 26 as A, B … Z, AA: asset codes are letters only (code 0033)."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text
