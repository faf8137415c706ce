"""`demogen runs`: two runs side by side, and the list of those that were. May import: `report`, `config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from demogen.cli.options import takes
from demogen.cli.screen import VerbCommand
from demogen.config import Settings
from demogen.errors import ThresholdMissed, UsageError
from demogen.report.compare import Change, Comparison, compare
from demogen.report.history import history as read_history
from demogen.report.history import load_report
from demogen.report.phrases import milliseconds, rate

app = typer.Typer(no_args_is_help=True)

Before = Annotated[Path, typer.Argument(metavar="A", help="Folder of the run before.")]
After = Annotated[Path, typer.Argument(metavar="B", help="Folder of the run after.")]
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds run folders.")]


@app.callback()
def _runs() -> None:
    """Compare two runs; list those that were."""


@app.command("compare", cls=VerbCommand)
@takes(Compare=("report_format", "max_regression"))
def compare_runs(settings: Settings, before: Before, after: After) -> None:
    """Compare two runs of the same load, with 95 % confidence intervals.

    Refuses runs of different scenarios, rates or populations. With --max-regression it ends with 3 where a figure
    surely got worse by more than that.
    """
    if settings.report_format not in _RENDERINGS:
        raise UsageError(f"a comparison is not told as {settings.report_format}", hint="use --format text, md or json")
    found = compare(load_report(before), load_report(after))
    typer.echo(_RENDERINGS[settings.report_format](found), nl=False)
    if settings.max_regression is not None:
        worse = found.worse_than(settings.max_regression)
        if worse:
            names = ", ".join(f"{one.name} {one.share:+.1%}" for one in worse)
            raise ThresholdMissed(f"worse by more than {settings.max_regression:.3g}: {names}")


@app.command("history", cls=VerbCommand)
@takes(History=("json_output",))
def history(settings: Settings, directory: Directory = Path("runs")) -> None:
    """List the runs of a folder, oldest first."""
    reports, troubles = read_history(directory)
    for trouble in troubles:
        typer.echo(f"skipped: {trouble}", err=True)
    if not settings.json_output:
        heads = ("run", "scenario", "promised", "delivered", "P99", "verdict", "exit")
        typer.echo(_HISTORY.format(*heads).rstrip())
    for one in reports:
        p99 = one.latency_ms.response.p99
        if settings.json_output:
            line = {
                "run_id": one.run_id, "started_at": one.started_at, "scenario": one.scenario, "server": one.server,
                "promised_tps": one.promised_tps, "delivered_tps": one.delivered_tps, "p99_ms": p99,
                "verdict": one.verdict, "exit_code": one.exit_code,
            }  # fmt: skip
            typer.echo(msgspec.json.encode(line).decode())
            continue
        figures = (rate(one.promised_tps), f"{one.delivered_tps:,.1f}", milliseconds(p99))
        typer.echo(_HISTORY.format(one.run_id, one.scenario or "-", *figures, one.verdict, one.exit_code).rstrip())


_HISTORY = "{:<24} {:<14} {:>9} {:>10} {:>10}  {:<9} {:>4}"


def _as_text(found: Comparison) -> str:
    lines = [f"{found.before} → {found.after}", ""]
    lines += [f"note: {remark}" for remark in found.remarks]
    lines.append(f"{'':<13}{'before':>12}{'after':>12}{'change':>9}  {'95 % interval':<20}")
    for one in found.changes:
        interval = f"{one.low:+.1%} … {one.high:+.1%}"
        cells = f"{_shown(one, one.before):>12}{_shown(one, one.after):>12}{one.share:>+9.1%}"
        lines.append(f"{one.name:<13}{cells}  {interval:<20} {one.says}")
    return "\n".join(lines) + "\n"


def _as_markdown(found: Comparison) -> str:
    lines = [f"### `{found.before}` → `{found.after}`", ""]
    lines += [f"> {remark}" for remark in found.remarks]
    lines += ["", "| | before | after | change | 95 % interval | |", "| --- | --- | --- | --- | --- | --- |"]
    for one in found.changes:
        cells = (one.name, _shown(one, one.before), _shown(one, one.after), f"{one.share:+.1%}")
        lines.append(f"| {' | '.join(cells)} | {one.low:+.1%} … {one.high:+.1%} | {one.says} |")
    return "\n".join(lines) + "\n"


def _as_json(found: Comparison) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


_RENDERINGS = {"text": _as_text, "md": _as_markdown, "json": _as_json}


def _shown(one: Change, value: float) -> str:
    return milliseconds(value) if one.unit == "ms" else f"{value:,.1f} {one.unit}"
