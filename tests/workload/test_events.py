"""Events: every accepted transaction is told once, in order, to a file or to a URL; the load never waits."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playhouse import Playhouse

from demogen.clock import FakeClock
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef
from demogen.errors import RunFolderError
from demogen.record.attempt import Attempt
from demogen.workload import events
from demogen.workload.events import Events, open_events

LEDGER = LedgerRef(0, "o", "l")
A, B = (AccountRef(index, str(index), f"@{index}", "USD", 2, LEDGER) for index in range(2))
ACCEPTED = Receipt(Outcome.ACCEPTED, 201, "", "t1", False, True, "m")


def attempt(intent, number=1):
    return Attempt(intent, f"r1-1-{number}", number=number, generation=1, due_ns=0)


def told(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_tells_each_accepted_transaction_once(tmp_path):
    sink = open_events(str(tmp_path / "events.jsonl"), clock=FakeClock())
    weights = dict.fromkeys(("payment", "hold", "overdraw", "duplicate", "look"), 1)
    house = Playhouse(tmp_path / "run", weights, tps=50, seconds=3, on_answer=sink.heard)
    measured = house.play()
    sink.close()
    heard = told(tmp_path / "events.jsonl")
    replays = measured.mix.patterns["duplicate"].started
    assert measured.outcomes.accepted - replays <= len(heard) <= measured.outcomes.accepted
    assert len({one["id"] for one in heard}) == len(heard) == sink.delivered
    assert {one["event"] for one in heard} == {
        "transaction.created", "transaction.pending", "transaction.committed", "transaction.cancelled",
        "transaction.reverted",
    }  # fmt: skip
    assert (sink.failed, sink.lost) == (0, 0)


def test_an_event_says_who_paid_whom_how_much(tmp_path):
    sink = open_events(str(tmp_path / "e"), clock=FakeClock())
    payment = Intent.move(1050, A, B, metadata=(("order", "7"),))
    sink.heard(attempt(payment), ACCEPTED, 0, 5)
    sink.heard(attempt(Intent.follow(Action.REVERT, payment, "t1"), 2), ACCEPTED, 0, 6)
    sink.close()
    paid, undone = told(tmp_path / "e")
    assert (paid["amount"], paid["asset"], paid["source"], paid["destination"]) == ("10.5", "USD", ["@0"], ["@1"])
    assert paid["metadata"] == {"order": "7"}
    assert (undone["event"], undone["subject_id"]) == ("transaction.reverted", "t1")


@pytest.mark.parametrize(
    ("intent", "receipt"),
    [
        pytest.param(Intent.move(1, A, B), Receipt(Outcome.REJECTED, 422, "0018", "", False, False, "m"), id="refused"),
        pytest.param(Intent.move(1, A, B), Receipt(Outcome.INDETERMINATE, 0, "", "", False, False, "m"), id="in doubt"),
        pytest.param(Intent.move(1, A, B), Receipt(Outcome.ACCEPTED, 201, "", "t", True, True, "m"), id="a replay"),
        pytest.param(Intent(action=Action.READ_BALANCES, ledger=LEDGER, account=A), ACCEPTED, id="a read"),
    ],
)
def test_what_was_not_newly_accepted_is_not_told(tmp_path, intent, receipt):
    sink = open_events(str(tmp_path / "e"), clock=FakeClock())
    sink.heard(attempt(intent), receipt, 0, 1)
    sink.close()
    assert told(tmp_path / "e") == []


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.seen.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
        self.send_response(500 if len(self.server.seen) == 2 else 204)
        self.end_headers()

    def log_message(self, *_):
        """Silent."""


@pytest.fixture
def hook():
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_events_are_posted_to_a_url_and_failures_counted(hook):
    sink = open_events(f"http://127.0.0.1:{hook.server_port}/hooks?key=1", clock=FakeClock())
    for number in range(4):
        sink.heard(attempt(Intent.move(100, A, B), number), ACCEPTED, 0, number)
    sink.close()
    assert {path for path, _ in hook.seen} == {"/hooks?key=1"}
    assert [body["id"] for _, body in hook.seen] == [f"r1-1-{number}-create" for number in range(4)]
    assert (sink.delivered, sink.failed, sink.lost) == (3, 1, 0)


def test_what_cannot_be_kept_up_with_is_lost_and_counted(monkeypatch):
    monkeypatch.setattr(events, "WAITING_MAX", 3)
    gate = threading.Event()

    class Slow:
        def deliver(self, body):
            gate.wait(5)

        def close(self):
            """Nothing to do."""

    sink = Events(Slow(), clock=FakeClock())
    for number in range(10):
        sink.heard(attempt(Intent.move(100, A, B), number), ACCEPTED, 0, number)
    gate.set()
    sink.close()
    assert sink.lost >= 6
    assert sink.delivered + sink.lost == 10


def test_a_place_that_cannot_be_written_is_said_before_the_load(tmp_path):
    with pytest.raises(RunFolderError, match="cannot write events"):
        open_events(str(tmp_path / "no" / "such" / "folder"), clock=FakeClock())
