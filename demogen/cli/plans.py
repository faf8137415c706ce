"""Prints a population plan: counts and an estimate, or every entity as a JSON line. Sends nothing.

May import: `population`.
"""

from __future__ import annotations

import json
import sys

import typer

from demogen.population.kinds import Kind
from demogen.population.plan import PopulationPlan
from demogen.population.tracking import span

#: What a ledger on a laptop takes; a guess for the estimate, and said to be one.
_RATE_PER_S = 1_000


def print_plan(planned: PopulationPlan, *, as_json: bool) -> None:
    """The plan on stdout. As JSON: a head, then a line each entity that has a body of its own, in order."""
    counts = planned.counts()
    total = sum(counts.values())
    if as_json:
        _print_lines(planned, counts)
        return
    typer.echo(f"plan {planned.id}: preset {planned.spec.preset}, seed {planned.seed}, digest {planned.digest[:16]}")
    for kind, count in counts.items():
        if count:
            typer.echo(f"{kind.label.replace('_', ' '):<18} {count:>11,}")
    estimate = span(total / _RATE_PER_S)
    typer.echo(f"{planned.entities():,} entities, {total:,} requests: about {estimate} at {_RATE_PER_S:,} a second")
    typer.echo("nothing was sent")


def _print_lines(planned: PopulationPlan, counts: dict[Kind, int]) -> None:
    head = {
        "plan": planned.id,
        "preset": planned.spec.preset,
        "seed": planned.seed,
        "digest": planned.digest,
        "entities": planned.entities(),
        "estimated_s": round(sum(counts.values()) / _RATE_PER_S, 1),
        "counts": {kind.label: count for kind, count in counts.items()},
    }
    typer.echo(json.dumps(head))
    for stage in planned.stages():
        if stage.kind not in (Kind.DEPOSIT, Kind.TRANSACTION):
            for entity in planned.walk(stage):
                sys.stdout.write(entity.line().decode() + "\n")
