"""Keeps what the benchmarks measured in one file, from which `publish` makes the page; says where it was measured."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "figures.json"
#: Counted before anybody is pinned to one of them.
_CORES = len(os.sched_getaffinity(0))


def keep(name: str, values: dict[str, Any]) -> None:
    """Replace what is known under that name, together with where and when it was measured."""
    known = load()
    known[name] = {"machine": machine(), "values": values}
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def load() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def machine() -> dict[str, Any]:
    """Cores and family, not whose; whether the hot path is compiled; and how much else was going on."""
    player = find_spec("demogen.workload.player")
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), "")
    return {
        "cores": _CORES,
        "processor": model or platform.machine(),
        "python": platform.python_version(),
        "compiled": player is not None and str(player.origin).endswith(".so"),
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "load_before": round(os.getloadavg()[0], 2),
    }
