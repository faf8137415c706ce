"""Events: every accepted transaction is told once, in order, to a file or to a URL; the load never waits."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playhouse import Playhouse

from demogen.clock import NS_PER_S, SystemClock
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef
from demogen.errors import UsageError
from demogen.record import measurement
from demogen.record.attempt import Attempt
from demogen.workload.events import Events, require_place

LEDGER = LedgerRef(0, "o", "l")
A, B = (AccountRef(index, str(index), f"@{index}", "USD", 2, LEDGER) for index in range(2))
ACCEPTED = Receipt(Outcome.ACCEPTED, 201, "", "t1", False, True, "m")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def attempt(intent, number=1):
    return Attempt(intent, f"r1-1-{number}", number=number, generation=1, due_ns=0)


def told(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_tells_each_accepted_transaction_once(tmp_path):
    sink = Events(str(tmp_path / "events.jsonl"), clock=SystemClock())
    weights = dict.fromkeys(("payment", "hold", "overdraw", "duplicate", "look"), 1)
    house = Playhouse(tmp_path / "run", weights, tps=50, seconds=3, events=sink)
    measured = house.play()
    heard = told(tmp_path / "events.jsonl")
    replays = measured.mix.patterns["duplicate"].started
    assert measured.outcomes.accepted - replays <= len(heard) <= measured.outcomes.accepted
    assert len({one["id"] for one in heard}) == len(heard) == sink.delivered
    assert {one["event"] for one in heard} == {
        "transaction.created", "transaction.pending", "transaction.committed", "transaction.cancelled",
        "transaction.reverted",
    }  # fmt: skip
    assert measured.events == measurement.Events(delivered=len(heard))


def test_an_event_says_who_paid_whom_how_much(tmp_path):
    sink = Events(str(tmp_path / "e"), clock=SystemClock())
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
    sink = Events(str(tmp_path / "e"), clock=SystemClock())
    sink.heard(attempt(intent), receipt, 0, 1)
    sink.close()
    assert told(tmp_path / "e") == []


def test_an_answer_that_got_lost_is_told_when_its_replay_brings_it(tmp_path):
    sink = Events(str(tmp_path / "e"), clock=SystemClock())
    payment = Intent.move(1050, A, B)
    sink.heard(attempt(payment), Receipt(Outcome.INDETERMINATE, 0, "", "", False, False, "m"), 0, 1)
    again = attempt(payment.again("r1-1-1"), 2)
    again.mark = "r1-1-1"
    sink.heard(again, Receipt(Outcome.ACCEPTED, 201, "", "t1", True, True, "m"), 0, 2)
    sink.heard(again, Receipt(Outcome.ACCEPTED, 201, "", "t1", True, True, "m"), 0, 3)
    sink.close()
    assert [one["id"] for one in told(tmp_path / "e")] == ["r1-1-1-create"]


def test_several_processes_share_a_file_line_by_line(tmp_path):
    sinks = [Events(str(tmp_path / "e"), clock=SystemClock()) for _ in range(3)]
    for number in range(600):
        sinks[number % 3].heard(attempt(Intent.move(100, A, B), number), ACCEPTED, 0, number)
    for sink in sinks:
        sink.close()
    assert {one["id"] for one in told(tmp_path / "e")} == {f"r1-1-{number}-create" for number in range(600)}


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append((self.path, body))
        if self.path == "/slow":
            self.server.gate.wait(30)
        self.send_response(500 if body["id"] == "r1-1-2-create" else 204)
        self.end_headers()

    def log_message(self, *_):
        """Silent."""


@pytest.fixture
def hook():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.seen, server.gate = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.gate.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_events_are_posted_to_a_url_and_failures_counted(hook):
    sink = Events(f"http://127.0.0.1:{hook.server_port}/hooks?key=1", clock=SystemClock())
    for number in range(4):
        sink.heard(attempt(Intent.move(100, A, B), number), ACCEPTED, 0, number)
    sink.close()
    assert {path for path, _ in hook.seen} == {"/hooks?key=1"}
    assert {body["id"] for _, body in hook.seen} == {f"r1-1-{number}-create" for number in range(4)}
    assert sink.counts() == {"events_delivered": 3, "events_failed": 1, "events_lost": 0}


@pytest.mark.parametrize("receiver", ["slow", "dead"])
def test_a_receiver_that_does_not_answer_costs_the_load_nothing_and_losses_are_counted(hook, receiver, monkeypatch):
    monkeypatch.setattr("demogen.workload.events._GRACE_S", 1.0)
    clock, port = SystemClock(), free_port() if receiver == "dead" else hook.server_port
    sink = Events(f"http://127.0.0.1:{port}/slow", clock=clock)
    begun_ns = clock.now_ns()
    for number in range(2_000):
        sink.heard(attempt(Intent.move(100, A, B), number), ACCEPTED, 0, number)
    # 2,000 events that nobody takes: well under a millisecond each, where a receiver that is waited for takes seconds.
    assert clock.now_ns() - begun_ns < 2 * NS_PER_S
    sink.close()
    counts = sink.counts()
    assert counts["events_delivered"] == 0
    assert sum(counts.values()) == 2_000
    assert counts["events_failed" if receiver == "dead" else "events_lost"] == 2_000


def test_what_a_relay_that_died_cannot_tell_is_lost(tmp_path):
    sink = Events(str(tmp_path / "e"), clock=SystemClock())
    sink._relay.kill()
    sink._relay.wait()
    for number in range(50):
        sink.heard(attempt(Intent.move(100, A, B), number), ACCEPTED, 0, number)
    sink.close()
    assert sink.counts() == {"events_delivered": 0, "events_failed": 0, "events_lost": 50}


@pytest.mark.parametrize(
    "place", ["no/such/folder", ".", "ftp://127.0.0.1/x", "kafka://x", "http://", "http://h:99999"]
)
def test_a_place_that_cannot_be_written_is_said_before_the_load(tmp_path, place):
    with pytest.raises(UsageError, match=r"cannot (write|send) events to"):
        require_place(place if ":" in place else str(tmp_path / place), clock=SystemClock())
