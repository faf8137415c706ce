"""A page of ours under the web UI's server and login: live plots, the target rate to turn, the verdict when it is done.

Locust's own tabs hold tables and are polled only while a run lasts, so one of them shows our figures and a link leads
from every page to this one. May import: Locust and its web UI (Flask), config, `page_state`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from locust.runners import STATE_INIT, STATE_SPAWNING, STATE_STOPPED

from demogen.config import resolve
from demogen.drive.page_state import State
from demogen.errors import InvalidSettings

STATIC = Path(__file__).parent / "static"
TAB = "ledger"
_LINK = '<script src="./demogen/tab.js" defer></script>'

#: Sets the target; returns why it could not be set, or "".
SetTarget = Callable[[float], str]


class Page:
    """Routes below /demogen; `state` says how the run stands, `report` where its HTML report is, if anywhere."""

    def __init__(self, state: Callable[[], State], *, set_target: SetTarget, report: Callable[[], Path | None]) -> None:
        self._state = state
        self._set_target = set_target
        self._report = report

    def mount(self, web_ui: Any, *, base_path: str) -> None:
        """Show the page, its tab, and the link to it. `base_path` is Locust's --web-base-path, "" for none."""
        app, guarded = web_ui.app, web_ui.auth_required_if_enabled
        for path, view, methods in (
            ("", self._page, ["GET"]),
            ("/tab.js", self._tab_script, ["GET"]),
            ("/page.js", self._page_script, ["GET"]),
            ("/state", self._tell_state, ["GET"]),
            ("/report", self._show_report, ["GET"]),
            ("/target-tps", self._take_target, ["POST"]),
        ):
            name = f"demogen{path.replace('/', '_').replace('.', '_')}"
            app.add_url_rule(f"{base_path}/demogen{path}", name, guarded(view), methods=methods)
        web_ui.template_args |= {
            "extended_tabs": [{"title": "Ledger", "key": TAB}],
            "extended_tables": [
                {"key": TAB, "structure": [{"key": "name", "title": "Figure"}, {"key": "value", "title": "Value"}]}
            ],
            "extended_csv_files": [{"href": "./demogen", "title": "Ledger: live plots, target rate, verdict"}],
        }
        app.after_request(lambda response: self._extend(response, base_path))

    # -- views ---------------------------------------------------------------------------------------------------

    def _page(self) -> Any:
        return _file("page.html", "text/html")

    def _page_script(self) -> Any:
        return _file("page.js", "text/javascript")

    def _tab_script(self) -> Any:
        return _file("tab.js", "text/javascript")

    def _tell_state(self) -> Any:
        return _answer(200, self._state())

    def _show_report(self) -> Any:
        path = self._report()
        if path is None or not path.exists():
            return _answer(404, {"error": "there is no report yet"})
        return _response(path.read_bytes(), 200, "text/html")

    def _take_target(self) -> Any:
        """Body `{"target_tps": 250}`: checked as the option is; takes effect from two seconds ahead on."""
        from flask import request

        told = request.get_json(silent=True)
        if not isinstance(told, dict) or "target_tps" not in told:
            return _answer(400, {"error": 'say it as JSON: {"target_tps": 250}'})
        try:
            target_tps = resolve({"target_tps": str(told["target_tps"])}, {}).target_tps
        except InvalidSettings as error:
            return _answer(400, {"error": "; ".join(problem for _, problem in error.problems)})
        if refused := self._set_target(target_tps):
            return _answer(409, {"error": refused})
        return _answer(200, {"target_tps": target_tps})

    # -- in Locust's own pages -----------------------------------------------------------------------------------

    def _extend(self, response: Any, base_path: str) -> Any:
        """Our link in Locust's page, our figures in what its tabs poll."""
        from flask import request

        if response.status_code != 200:
            return response
        if request.path in (f"{base_path}/", base_path or "/") and response.mimetype == "text/html":
            response.set_data(response.get_data(as_text=True).replace("</body>", f"{_LINK}</body>", 1))
        elif request.path == f"{base_path}/stats/requests" and response.is_json:
            told, state = response.get_json(), self._state()
            told["extended_stats"] = [{"key": TAB, "data": figures(state)}]
            # To Locust nothing runs until its users do, and its page would go back to the form while we prepare.
            if state.stage not in ("idle", "done") and told["state"] in (STATE_INIT, STATE_STOPPED):
                told["state"] = STATE_SPAWNING
            response.set_data(msgspec.json.encode(told))
        return response


def figures(state: State) -> list[dict[str, str]]:
    """The rows of our tab in Locust's pages."""
    rows = {
        "Phase": state.stage,
        "Promised TPS": f"{state.target_tps:g}",
        "Delivered TPS, last second": f"{state.series.answered[-1] if state.series.answered else 0}",
        "Arrivals offered / late / dropped": " / ".join(
            f"{count:,}" for count in (state.arrivals.offered, state.arrivals.late, state.arrivals.dropped)
        ),
        "Response P50 / P99, ms": f"{_or_dash(state.response_ms.p50)} / {_or_dash(state.response_ms.p99)}",
        "Writes in doubt": f"{state.outcomes.indeterminate:,}",
        "Money too much or missing": "; ".join(f"{line.asset} {line.missing}" for line in state.money if line.missing)
        or "–",
        "Verdict on the books": state.verdict if state.stage == "done" else "UNKNOWN until the run is judged",
    }
    return [{"name": name, "value": value} for name, value in rows.items()]


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _file(name: str, kind: str) -> Any:
    return _response((STATIC / name).read_bytes(), 200, kind)


def _answer(status: int, told: Any) -> Any:
    return _response(msgspec.json.encode(told), status, "application/json")


def _response(body: bytes, status: int, kind: str) -> Any:
    from flask import Response

    return Response(body, status=status, mimetype=kind, headers={"Cache-Control": "no-store"})
