"""The exit code of a run: the worst gate wins, and what is not known is never success (design 4.6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from report_runs import BROKEN, CLEAN, UNSURE, make_run

from demogen import report
from demogen.audit.findings import AuditReport
from demogen.record.measurement import Arrivals, Generator, Judged

LIMITED = {"generator": Generator(limited=True, reasons=["loop lag P99 80 ms"])}
SLOW = {"delivered_tps": 197.0}


@pytest.mark.parametrize(
    ("audit", "changes", "code", "says"),
    [
        pytest.param(CLEAN, {}, 0, None, id="fine"),
        pytest.param(CLEAN, {"delivered_tps": 198.0}, 0, None, id="exactly 99 % is enough"),
        pytest.param(CLEAN, SLOW, 3, "achieved_share ≥ 0.99", id="the ledger was too slow"),
        pytest.param(BROKEN, {}, 4, "conserved", id="violated"),
        pytest.param(UNSURE, {}, 5, "journal segment 3", id="unknown"),
        pytest.param(None, {}, 5, "no audit", id="no audit is not success"),
        pytest.param(CLEAN, LIMITED, 6, "loop lag", id="the generator was the bottleneck"),
        pytest.param(BROKEN, LIMITED | SLOW, 4, "conserved", id="violated beats all"),
        pytest.param(UNSURE, LIMITED | SLOW, 5, "segment", id="unknown beats load"),
        pytest.param(CLEAN, LIMITED | SLOW, 6, "bottleneck", id="load beats threshold"),
        pytest.param(CLEAN, {"interrupted": True}, 130, "interrupted", id="Ctrl-C"),
        pytest.param(BROKEN, {"interrupted": True}, 4, "conserved", id="Ctrl-C never hides a violation"),
        pytest.param(UNSURE, {"interrupted": True}, 130, "interrupted", id="Ctrl-C before the audit could tell"),
        pytest.param(
            CLEAN,
            {"thresholds": [Judged(name="p99", limit="< 5 ms", observed=None, passed=False)]},
            3,
            "not measured",
            id="a threshold that was not measured is not passed",
        ),
        pytest.param(
            CLEAN,
            {"arrivals": Arrivals(offered=6000, sent=5900, dropped=100, dropped_by_reason={"deadline": 100})},
            6,
            "100 of 6,000",
            id="arrivals the generator dropped",
        ),
        pytest.param(
            CLEAN,
            {"arrivals": Arrivals(offered=6000, sent=5900, dropped=100, dropped_by_reason={"no_slot": 100})} | SLOW,
            3,
            "achieved",
            id="arrivals a slow ledger left no connection for",
        ),
    ],
)
def test_worst_gate_decides(
    tmp_path: Path, audit: AuditReport | None, changes: dict[str, Any], code: int, says: str | None
) -> None:
    told = report.build(make_run(tmp_path / "run", audit=audit, **changes))
    assert report.exit_code(told) == code
    if says is None:
        assert told.gates == []
    else:
        assert says in told.gates[0].says


def test_without_a_measurement_the_load_did_not_finish(tmp_path: Path) -> None:
    told = report.build(make_run(tmp_path / "run", measurement=None, audit=CLEAN))
    assert (told.verdict, told.exit_code, told.measured) == ("HOLDS", 6, False)


def test_an_own_threshold_on_the_achieved_rate_replaces_the_default(tmp_path: Path) -> None:
    own = Judged(name="achieved_share", limit="≥ 0.9", observed=0.95, passed=True)
    told = report.build(make_run(tmp_path / "run", audit=CLEAN, delivered_tps=190.0, thresholds=[own]))
    assert told.exit_code == 0
    assert told.thresholds == [own]
