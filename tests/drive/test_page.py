"""Our page under the web UI: its endpoints over real HTTP, and the whole of it in a real browser.

The browser test makes the pictures in docs/images when DEMOGEN_SCREENSHOTS=1 is set.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import time
import urllib.error
import urllib.request

import pytest
from locusts import ROOT, finish, free_port, locust, report_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class WebUi:
    """A Locust process with its web UI, and plain HTTP to it."""

    def __init__(self, folder, *words):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = locust(
            "--web-host", "127.0.0.1", "--web-port", port, "--run-dir", folder / "run", *words, cwd=folder
        )  # fmt: skip
        self.wait(lambda: self.get("/demogen/state"), seconds=60)

    def open(self, path, body=None, **headers):
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def get(self, path):
        status, text = self.open(path)
        assert status == 200, text
        return json.loads(text)

    def post(self, path, told):
        status, text = self.open(path, json.dumps(told).encode(), **{"Content-Type": "application/json"})
        return status, json.loads(text)

    def start(self, **fields):
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        assert self.open("/swarm", body)[0] == 200

    def wait(self, look, *, seconds=30):
        """Until `look` returns something true; returns it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.process.communicate()
            try:
                if seen := look():
                    return seen
            except OSError:
                pass
            time.sleep(0.2)
        raise AssertionError("it never came")

    def state_when(self, condition, *, seconds=30):
        return self.wait(lambda: (state := self.get("/demogen/state")) and condition(state) and state, seconds=seconds)

    def close(self):
        self.process.terminate()
        return finish(self.process)


@pytest.fixture
def web_ui(tmp_path):
    ui = WebUi(tmp_path)
    yield ui
    if ui.process.poll() is None:
        ui.close()


def figures(web_ui):
    """What /metrics says, by series."""
    lines = web_ui.open("/metrics")[1].splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))


def counters(web_ui):
    told = figures(web_ui)
    return {
        name: float(value)
        for name, value in told.items()
        if name.startswith("demogen_") and name.split("{")[0].endswith(("_total", "_count", "_sum", "_bucket"))
    }


def test_a_run_is_shown_turned_and_judged(web_ui, tmp_path):
    assert web_ui.get("/demogen/state")["stage"] == "idle"
    status, told = web_ui.post("/demogen/target-tps", {"target_tps": 90})
    assert (status, "no run" in told["error"]) == (409, True)
    assert figures(web_ui)['demogen_phase{phase="idle"}'] == "1.0"

    web_ui.start(user_count=2, spawn_rate=2, target_tps=50)
    state = web_ui.state_when(lambda state: len(state["series"]["answered"]) >= 4)
    # A busy master notes an arrival a moment later, and so perhaps under the next second.
    assert sum(state["series"]["offered"][:4]) == pytest.approx(200, abs=20)
    assert (state["target_tps"], state["verdict"], state["exit_code"]) == (50, "UNKNOWN", None)
    assert state["response_ms"]["p50"] <= state["response_ms"]["p99"]
    assert {line["pattern"] for line in state["patterns"]} >= {"payment", "transfer"}
    assert state["meanings"].keys() == state["codes"].keys()

    for wrong in ({"target_tps": "many"}, {"target_tps": -5}, {"target_tps": None}, {"tps": 9}, [50]):
        assert web_ui.post("/demogen/target-tps", wrong)[0] == 400
    assert web_ui.post("/demogen/target-tps", {"target_tps": 100}) == (200, {"target_tps": 100})
    state = web_ui.state_when(lambda state: abs(sum(state["series"]["offered"][-2:]) - 200) <= 10)
    assert [tps for _, tps in state["targets"]] == [50, 100]

    rows = {row["name"]: row["value"] for row in web_ui.get("/stats/requests")["extended_stats"][0]["data"]}
    assert rows["Promised TPS"] == "100"

    assert web_ui.open("/stop", b"")[0] == 200
    state = web_ui.state_when(lambda state: state["stage"] == "done", seconds=60)
    report = report_of(tmp_path / "run")
    assert (state["verdict"], state["exit_code"]) == ("HOLDS", report["exit_code"])
    assert state["invariants"] == report["audit"]["invariants"]
    assert state["outcomes"] == {name: report["outcomes"][name] for name in state["outcomes"]}
    assert state["delivered_tps"] == report["delivered_tps"]
    assert "<html" in web_ui.open("/demogen/report")[1]


def test_a_second_run_makes_no_counter_fall(web_ui, tmp_path):
    seen = {}
    for number in (1, 2):
        web_ui.start(user_count=2, spawn_rate=2, target_tps=40)
        began = web_ui.state_when(lambda state: state["stage"] == "measure")
        while web_ui.get("/demogen/state")["elapsed_s"] < 3:
            now = counters(web_ui)
            assert not {name: (value, now.get(name)) for name, value in seen.items() if now.get(name, -1) < value}
            seen = now
            time.sleep(0.3)
        web_ui.open("/stop", b"")
        done = web_ui.state_when(lambda state: state["stage"] == "done", seconds=60)
        assert done["run_id"] == began["run_id"]
        assert figures(web_ui)[
            f'demogen_run_info{{run_id="{done["run_id"]}",scenario="locustfile",seed="1",server="v3.8.0"}}'
        ]
        # A stop ends the run, not the process: the next one writes a folder of its own.
        assert (tmp_path / ("run" if number == 1 else "run-2") / "report.json").exists()
    offered = sum(report_of(tmp_path / name)["arrivals"]["offered"] for name in ("run", "run-2"))
    assert counters(web_ui)["demogen_arrivals_offered_total"] == offered


def test_while_the_population_is_prepared_it_runs_and_can_be_stopped(web_ui, tmp_path):
    """Locust's page polls only while it is told that a run lasts, and offers Stop only then."""
    for _ in range(2):
        web_ui.start(user_count=2, spawn_rate=2, target_tps=40, preset="large")
        web_ui.state_when(lambda state: state["stage"] == "bootstrap")
        assert web_ui.get("/stats/requests")["state"] == "spawning"
        assert web_ui.open("/stop", b"")[0] == 200
        web_ui.state_when(lambda state: state["stage"] == "idle")
        # Locust keeps an answer of this kind for two seconds.
        web_ui.wait(lambda: web_ui.get("/stats/requests")["state"] == "stopped")
    web_ui.start(user_count=2, spawn_rate=2, target_tps=40, preset="small")
    web_ui.state_when(lambda state: sum(state["series"]["answered"]) >= 20)
    web_ui.wait(lambda: web_ui.get("/stats/requests")["state"] == "running")


def test_a_base_path_moves_the_page_too(tmp_path):
    port = free_port()
    process = locust(
        "--web-host", "127.0.0.1", "--web-port", port, "--web-base-path", "/load", "--run-dir", tmp_path / "run",
        cwd=tmp_path,
    )  # fmt: skip
    ui = WebUi.__new__(WebUi)
    ui.url, ui.process = f"http://127.0.0.1:{port}", process
    try:
        ui.wait(lambda: ui.get("/load/demogen/state"), seconds=60)
        assert 'src="./demogen/page.js"' in ui.open("/load/demogen")[1]
        assert "demogen/tab.js" in ui.open("/load/")[1]
        assert ui.open("/demogen")[0] == 404
    finally:
        ui.close()


def test_behind_a_login_nothing_is_shown_or_turned(tmp_path):
    """Locust's --web-login guards our page as it guards its own."""
    folder = tmp_path / "guarded"
    folder.mkdir()
    locustfile = folder / "guarded.py"
    locustfile.write_text(
        "from demogen.drive import LedgerUser, tasks_for\n"
        "from locust import events\n"
        "class Shopper(LedgerUser):\n"
        "    tasks = tasks_for(payment=1)\n"
        "@events.init.add_listener\n"
        "def secret(environment, **_):\n"
        "    environment.web_ui.app.config['SECRET_KEY'] = 'only a test'\n"
        "    environment.web_ui.login_manager.user_loader(lambda user_id: None)\n"
    )
    port = free_port()
    process = locust(
        "-f", locustfile, "--web-host", "127.0.0.1", "--web-port", port, "--web-login", "--run-dir", tmp_path / "run",
        cwd=tmp_path,
    )  # fmt: skip
    ui = WebUi.__new__(WebUi)
    ui.url, ui.process = f"http://127.0.0.1:{port}", process
    try:
        ui.wait(lambda: ui.open("/login")[0] == 200, seconds=60)
        for path in ("/demogen", "/demogen/state", "/demogen/report"):
            assert '"stage"' not in ui.open(path)[1]
            assert "page.js" not in ui.open(path)[1]
        _, said = ui.open("/demogen/target-tps", b'{"target_tps": 5}', **{"Content-Type": "application/json"})
        assert "target_tps" not in said
        assert "no run" not in said
    finally:
        ui.close()


@pytest.fixture
def browser(tmp_path):
    """A page of a real Chromium with a profile of its own; skipped with a line where there is none (CI: failed)."""
    missing = []
    if shutil.which(CHROMIUM) is None:
        missing.append("chromium (apt install chromium)")
    if importlib.util.find_spec("playwright") is None:
        missing.append("playwright (the dev extra)")
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"missing: {', '.join(missing)}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, headless=True, args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(30_000)
        yield page
        context.close()


def picture(page, name):
    """For the docs, on request only: a test run leaves no traces in the tree."""
    if os.environ.get("DEMOGEN_SCREENSHOTS"):
        folder = ROOT / "docs/images"
        folder.mkdir(exist_ok=True)
        page.screenshot(path=folder / name, full_page=True)


def test_start_turn_stop_and_read_the_verdict_in_a_browser(web_ui, browser, tmp_path):
    errors = []
    browser.on("pageerror", lambda error: errors.append(str(error)))
    browser.goto(f"{web_ui.url}/demogen")
    browser.get_by_text("nothing to show yet").first.wait_for()
    browser.goto(web_ui.url)
    browser.get_by_text("Without a host, the embedded sandbox is started").wait_for()
    browser.get_by_text("Custom parameters").click()
    browser.locator("input[name=targetTps]").fill("60")
    browser.locator("input[name=userCount]").fill("4")
    browser.locator("input[name=spawnRate]").fill("4")
    picture(browser, "start-form.png")
    browser.get_by_role("button", name="Start").click()
    browser.get_by_role("tab", name="Ledger").click()
    browser.get_by_text("Verdict on the books").wait_for()
    web_ui.state_when(lambda state: len(state["series"]["answered"]) >= 3)
    # Locust shows host, state and rate in its header while it runs: the link to our page must not cover them.
    header = browser.locator("header").first.bounding_box()
    assert browser.locator("#demogen-link").bounding_box()["y"] > header["y"] + header["height"]
    picture(browser, "ledger-tab.png")

    browser.locator("#demogen-tab-link").click()
    browser.wait_for_selector("body[data-stage=measure]")
    browser.wait_for_function("document.getElementById('rate').dataset.points >= 5")
    assert browser.locator("#rate path").count() == 3
    assert browser.locator("#latency path").count() == 2
    assert browser.locator("#verdict").inner_text() == "UNKNOWN"
    browser.locator("#tps").fill("lots")
    browser.locator("#set").click()
    browser.wait_for_function("document.getElementById('said').className === 'bad'")
    browser.locator("#tps").fill("120")
    browser.locator("#set").click()
    browser.get_by_text("120 TPS from two seconds on").wait_for()
    web_ui.state_when(lambda state: abs(sum(state["series"]["offered"][-3:]) - 360) <= 15)
    browser.get_by_text("120 promised").wait_for()
    picture(browser, "ledger-page.png")

    browser.get_by_role("link", name="Locust: start, stop, tables").click()
    browser.get_by_role("button", name="Stop").click()
    browser.locator("#demogen-link").click()
    browser.wait_for_selector("body[data-stage=done]", timeout=60_000)
    assert browser.locator("#verdict").inner_text() == "HOLDS"
    assert browser.locator("#invariants li").count() == len(report_of(tmp_path / "run")["audit"]["invariants"])
    picture(browser, "ledger-verdict.png")
    browser.get_by_role("link", name="The whole report").click()
    browser.get_by_text("HOLDS").first.wait_for()
    assert errors == []
