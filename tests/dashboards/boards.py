"""Reads the checked-in dashboards, and asks for the tools of the trade: there, or skipped with a line (CI: failed)."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "dashboards/prometheus"
BOARDS = sorted((ROOT / "dashboards/grafana").glob("*.json"))


def need(program: str, *, package: str) -> str:
    """The path of a program; without it the test is skipped, or failed where nothing may be skipped."""
    path = shutil.which(program)
    if path is not None:
        return path
    says = f"{program} is missing: apt install {package}"
    if os.environ.get("CI"):
        pytest.fail(says)
    pytest.skip(says)


class Query(NamedTuple):
    """One query of one panel."""

    panel: str
    legend: str
    expr: str


def board(name: str) -> dict:
    return json.loads((ROOT / "dashboards/grafana" / name).read_text(encoding="utf-8"))


def panels(dashboard: dict) -> Iterator[dict]:
    """Every panel that is not a row."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from (inner for inner in panel.get("panels", []))


def queries(dashboard: dict) -> list[Query]:
    return [
        Query(panel["title"], target.get("legendFormat", ""), target["expr"])
        for panel in panels(dashboard)
        for target in panel["targets"]
    ]


def spelled_out(expr: str, *, interval: str) -> str:
    """A query with its variables replaced, as Grafana does when everything is chosen."""
    expr = expr.replace("$__rate_interval", interval)
    return re.sub(r"\$(run|phase|pattern|worker|asset)\b", ".*", expr)
