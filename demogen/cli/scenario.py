"""`demogen scenario`: list the shipped scenarios, show one, check a file. May import: `workload`, `patterns`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from demogen.cli.options import takes
from demogen.cli.screen import VerbCommand
from demogen.config import Settings
from demogen.errors import UsageError
from demogen.patterns import find_patterns
from demogen.workload.mix import Mix
from demogen.workload.scenario import Scenario, find_scenario, shipped_scenarios

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A shipped scenario, or a TOML file.")]


@app.callback()
def _scenario() -> None:
    """List, show and check scenarios."""


@app.command("list", cls=VerbCommand)
@takes(List=("json_output",))
def list_scenarios(settings: Settings) -> None:
    """List the scenarios that come with demogen, a sentence each."""
    found = shipped_scenarios()
    if settings.json_output:
        typer.echo(json.dumps({name: scenario.sentence for name, scenario in found.items()}))
        return
    width = max(map(len, found))
    for name, scenario in found.items():
        typer.echo(f"{name:<{width}}  {scenario.sentence}")


@app.command(cls=VerbCommand)
@takes(Show=("json_output",))
def show(settings: Settings, name: Name) -> None:
    """Show what a scenario asks for: schedule, mix in per cent, thresholds."""
    scenario = find_scenario(name)
    if settings.json_output:
        typer.echo(scenario.model_dump_json(indent=2))
        return
    for line in _lines(scenario):
        typer.echo(line)


@app.command(cls=VerbCommand)
@takes()
def check(settings: Settings, name: Name) -> None:  # noqa: ARG001  (every verb is handed its settings)
    """Check a scenario of one's own: every problem at once, exit code 2."""
    scenario = find_scenario(name, patterns=find_patterns())
    _mix(scenario)
    schedule = scenario.schedule
    _require_reachable(scenario, schedule.build(tps=schedule.tps, seconds=schedule.seconds, seed=1).mean_tps)
    typer.echo(f"{scenario.name or name} is fine: {schedule.tps:g} TPS for {schedule.seconds:g} s")


def _mix(scenario: Scenario) -> Mix:
    return Mix(scenario.mix, find_patterns(), drift=scenario.drift, arrivals=1)


def _require_reachable(scenario: Scenario, mean_tps: float) -> None:
    """A threshold that asks for more than the schedule offers can only be missed, unless a flag raises the rate."""
    for one in scenario.thresholds:
        if one.metric == "delivered_tps" and (one.at_least or 0) > mean_tps:
            raise UsageError(
                f"a threshold asks for {one.at_least:g} TPS, the schedule offers {mean_tps:g} on average",
                hint="raise schedule.tps or lower the threshold",
            )


def _lines(scenario: Scenario) -> list[str]:
    schedule = scenario.schedule
    lines = [
        f"{scenario.name}: {scenario.sentence}",
        f"preset      {scenario.preset}",
        f"schedule    {schedule.shape}, {schedule.tps:g} TPS for {schedule.seconds:g} s, arrivals {schedule.arrivals}",
        f"phases      warm-up {scenario.warm_up_s:g} s, cool-down {scenario.cool_down_s:g} s",
    ]
    skews = {"everybody": scenario.skew} if isinstance(scenario.skew, str) else scenario.skew
    lines += [f"accounts    {role} {name}" for role, name in skews.items()]
    lines += [f"pattern     {name:<16} {share:7.2%}" for name, share in _mix(scenario).shares.items()]
    lines += [f"drift       {name:<16} {scenario.mix.get(name, 0):g} → {end:g}" for name, end in scenario.drift.items()]
    for one in scenario.thresholds:
        bound = f"≤ {one.at_most:g}" if one.at_most is not None else f"≥ {one.at_least:g}"
        of = one.pattern or one.phase
        lines.append(f"threshold   {one.metric}{' of ' + of if of else ''} {bound}")
    return lines
