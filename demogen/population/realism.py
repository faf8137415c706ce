"""Measures how lifelike a population is: what was asked, what came out, and whether chance explains the difference.

Where organizations sit, how large opening balances and amounts are, what they begin with, who is busy, what happens
and when. A χ² test at one in a thousand where counts were asked for. Floats are allowed here:
nothing measured is ever booked. May import: catalog, history, plan, reading, manifest.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import NormalDist, median

import msgspec

from demogen.contract.transactions import LedgerRef
from demogen.population.closing import CLOSED, CLOSING
from demogen.population.flows import FLOWS
from demogen.population.history import HOURS
from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest, State
from demogen.population.plan import PopulationPlan
from demogen.population.reading import ReadTransaction

_EXISTS = (State.MADE, State.FOUND)
_BENFORD = {str(digit): math.log10(1 + 1 / digit) for digit in range(1, 10)}
#: Mean absolute deviation of first digits from Benford's law that is still called close (Nigrini).
_BENFORD_CLOSE = 0.015
_SMALL_SAMPLE = 50


class Bar(msgspec.Struct, frozen=True):
    """One category: the share asked for (None where nothing was) and the share measured."""

    name: str
    asked: float | None
    measured: float


class Finding(msgspec.Struct, frozen=True):
    """One question answered. `fits` is None where nothing was asked or the sample is too small to tell."""

    question: str
    sample: int
    fits: bool | None
    told: str
    bars: tuple[Bar, ...] = ()


class Certificate(msgspec.Struct):
    """All findings for one population."""

    population_id: str
    about: dict[str, str]
    findings: list[Finding] = []

    @property
    def lifelike(self) -> bool:
        """Whether nothing that could be judged departs from what was asked."""
        return all(finding.fits is not False for finding in self.findings)


class Measurer:
    """Collects; `take` is handed the transactions read back, a page at a time."""

    def __init__(self, manifest: Manifest, plan: PopulationPlan) -> None:
        self._manifest = manifest
        self._plan = plan
        self._first_digits: Counter[str] = Counter()
        self._hours: Counter[str] = Counter()
        self._patterns: Counter[str] = Counter()
        self._sizes: Counter[str] = Counter()
        self._degrees: Counter[str] = Counter()

    def take(self, ledger: LedgerRef, transactions: list[ReadTransaction]) -> None:
        """Count a page. Only transactions of this population, and no reversals."""
        prefix = f"{self._plan.id}-{Kind.TRANSACTION.letter}"
        for one in transactions:
            if one.parent_transaction_id or not one.mark.startswith(prefix):
                continue
            digits = one.amount.lstrip("0.")
            self._first_digits[digits[0]] += 1
            self._hours[one.created_at[11:13]] += 1
            if one.pattern != CLOSING:
                self._patterns[one.pattern] += 1
            self._sizes[f"10^{Decimal(one.amount).adjusted()}"] += 1
            for leg in one.operations or ():
                if not leg.account_alias.startswith("@external/"):
                    self._degrees[f"{ledger.index}/{leg.account_alias}"] += 1

    def certificate(self) -> Certificate:
        """What was asked beside what came out."""
        plan = self._plan
        findings = [self._geography(), *self._openings()]
        if self._first_digits:
            findings += [
                self._mix(),
                _benford(self._first_digits),
                _plain("How large are amounts?", self._sizes, "orders of magnitude"),
                self._busy(),
            ]
            if plan.spec.history_days:
                findings.append(_hours(self._hours))
        return Certificate(plan.id, {"preset": plan.spec.preset, "seed": str(plan.seed)}, findings)

    def _geography(self) -> Finding:
        counted: Counter[str] = Counter()
        weights: dict[str, float] = {}
        for row in self._manifest.rows(Kind.ORGANIZATION, states=_EXISTS):
            body = msgspec.json.decode(row.body) if row.body else {}
            counted[body.get("address", {}).get("country", "?")] += 1
        locale = self._plan.spec.locale
        weights = {"us": {"US": 1.0}, "br": {"BR": 1.0}}.get(locale, {"US": 0.5, "BR": 0.5})
        return _against("Where do organizations sit?", counted, weights)

    def _openings(self) -> list[Finding]:
        """Per role: the median of opening balances, in dollars, against the median asked for."""
        logs: dict[str, list[float]] = {}
        roles = {row.position: row.role for row in self._manifest.rows(Kind.ACCOUNT, states=_EXISTS)}
        for row in self._manifest.rows(Kind.DEPOSIT, states=_EXISTS):
            role = roles.get(row.position)
            if role and role != CLOSED and row.label:
                usd = float(self._plan.books.asset_of(row.position)[1].usd)
                logs.setdefault(role, []).append(math.log(max(1e-12, int(row.label) / 10**row.scale * usd)))
        return [self._opening(role, values) for role, values in sorted(logs.items())]

    def _opening(self, role: str, logs: Sequence[float]) -> Finding:
        template = self._plan.catalog.roles[role]
        asked = template.opening_usd * self._plan.spec.funding
        got = math.exp(median(logs))
        # The median of n log-normal values strays by 1.25 sigma / √n; four of those are chance no longer.
        stray = 4 * 1.2533 * max(template.spread / 1000, 0.01) / math.sqrt(len(logs))
        fits = None if len(logs) < 5 else abs(math.log(got / asked)) <= stray
        told = f"median {got:,.0f} dollars, asked {asked:,.0f}"
        return Finding(f"How much does a {role} open with?", len(logs), fits, told)

    def _mix(self) -> Finding:
        asked = {name: flow for name, flow in FLOWS.items() if name in self._plan.spec.patterns} or FLOWS
        total = sum(flow.weight for flow in asked.values())
        weights = {name: flow.weight / total for name, flow in asked.items()}
        return _against("What happens?", self._patterns, weights)

    def _busy(self) -> Finding:
        """How unevenly accounts take part: the share of the busiest tenth, and the Gini coefficient."""
        degrees = sorted(self._degrees.values(), reverse=True)
        total, count = sum(degrees), len(degrees)
        top = sum(degrees[: max(1, count // 10)]) / total
        gini = 1 - 2 * sum((count - place) * degree for place, degree in enumerate(degrees[::-1])) / (count * total)
        gini += 1 / count
        told = f"the busiest tenth takes part in {top:.0%} of legs; Gini {gini:.2f}"
        return Finding("Who is busy?", count, None, told, _deciles(degrees))


def _against(question: str, counted: Mapping[str, int], weights: Mapping[str, float]) -> Finding:
    """Counts against the shares asked for, by χ²."""
    total = sum(counted.values())
    names = [*weights, *(name for name in counted if name not in weights)]
    bars = tuple(Bar(name, weights.get(name, 0.0), counted.get(name, 0) / max(1, total)) for name in names)
    if any(name not in weights and counted[name] for name in counted):
        return Finding(question, total, False, "something came out that was not asked for", bars)
    cells = _cells(counted, {name: share * total for name, share in weights.items() if share})
    if total < _SMALL_SAMPLE or len(cells) < 2:
        return Finding(question, total, None, f"{total} are too few to judge", bars)
    chi = sum((got - expected) ** 2 / expected for got, expected in cells)
    limit = _chi_limit(len(cells) - 1)
    return Finding(question, total, chi <= limit, f"χ² {chi:.1f}, chance reaches {limit:.1f}", bars)


def _cells(counted: Mapping[str, int], wanted: Mapping[str, float]) -> list[tuple[int, float]]:
    """(count, expectation) pairs; categories of which fewer than five were expected are taken together."""
    cells = [(counted.get(name, 0), expected) for name, expected in wanted.items() if expected >= 5]
    rare = [(counted.get(name, 0), expected) for name, expected in wanted.items() if expected < 5]
    if sum(expected for _, expected in rare) >= 1:
        cells.append((sum(got for got, _ in rare), sum(expected for _, expected in rare)))
    return cells


def _chi_limit(freedom: int) -> float:
    """The 99.9 % quantile of χ² (Wilson and Hilferty)."""
    if freedom < 1:
        return 0.0
    z = NormalDist().inv_cdf(0.999)
    return freedom * (1 - 2 / (9 * freedom) + z * math.sqrt(2 / (9 * freedom))) ** 3


def _benford(digits: Mapping[str, int]) -> Finding:
    total = sum(digits.values())
    bars = tuple(Bar(digit, share, digits.get(digit, 0) / total) for digit, share in _BENFORD.items())
    deviation = sum(abs(bar.measured - (bar.asked or 0)) for bar in bars) / 9
    fits = None if total < 1_000 else deviation <= _BENFORD_CLOSE
    told = f"mean deviation from Benford {deviation:.3f}; up to {_BENFORD_CLOSE} is close"
    return Finding("What do amounts begin with?", total, fits, told, bars)


def _hours(hours: Mapping[str, int]) -> Finding:
    total = sum(HOURS)
    return _against("When does it happen?", hours, {f"{hour:02d}": share / total for hour, share in enumerate(HOURS)})


def _plain(question: str, counted: Mapping[str, int], told: str) -> Finding:
    total = sum(counted.values())
    ordered = sorted(counted, key=lambda name: int(name.partition("^")[2]))
    return Finding(question, total, None, told, tuple(Bar(name, None, counted[name] / total) for name in ordered))


def _deciles(degrees: Sequence[int]) -> tuple[Bar, ...]:
    total, count = sum(degrees), len(degrees)
    edges = [count * tenth // 10 for tenth in range(11)]
    return tuple(
        Bar(f"tenth {tenth + 1}", None, sum(degrees[edges[tenth] : edges[tenth + 1]]) / total)
        for tenth in range(10)
        if edges[tenth + 1] > edges[tenth]
    )
