"""The player: every arrival ends once, the journal knew first, and the same seed plays the same run."""

from itertools import pairwise

import pytest
from stages import Theatre, ask

from demogen.contract.outcome import Outcome
from demogen.contract.transactions import Action, Intent
from demogen.patterns import Pattern
from demogen.record.journal import Flag, JournalFile, Kind
from demogen.workload.mix import Mix


def records(theatre, kind):
    return [row for chunk in JournalFile(theatre.journal_path).chunks() for row in chunk[kind]]


@pytest.fixture
def played(tmp_path):
    theatre = Theatre(tmp_path)
    theatre.play()
    return theatre


def test_every_arrival_is_offered_sent_and_answered(played):
    tally = played.player.take_delta()
    assert tally.counts["offered"] == 200
    assert sum(cell.response.total for cell in tally.cells.values()) == 200
    assert not tally.dropped
    assert tally.count(Outcome.INDETERMINATE) == 0


def test_nothing_ends_otherwise_than_its_pattern_asked(played):
    assert sum(cell.unexpected for cell in played.player.tally.cells.values()) == 0
    assert played.player.tally.count(Outcome.REJECTED) > 0


def test_the_journal_has_each_intent_before_its_outcome(played):
    seen, ended = set(), set()
    for chunk in JournalFile(played.journal_path).chunks(records=1 << 20):
        intents = {int(row["arrival"]) for row in chunk[Kind.INTENT]}
        outcomes = {int(row["arrival"]) for row in chunk[Kind.OUTCOME]}
        seen |= intents
        assert outcomes <= seen
        ended |= outcomes
    assert seen == ended
    assert len([number for number in seen if number < 1 << 62]) == 200


def test_duplicates_are_answered_with_the_first_transaction(played):
    outcomes = {int(row["arrival"]): row for row in records(played, Kind.OUTCOME)}
    again = [row for row in records(played, Kind.INTENT) if row["flags"] & Flag.DUPLICATE]
    assert again
    for row in again:
        first, second = outcomes[int(row["key_arrival"])], outcomes[int(row["arrival"])]
        assert second["flags"] & Flag.REPLAYED
        assert (first["transaction_hi"], first["transaction_lo"]) == (
            second["transaction_hi"],
            second["transaction_lo"],
        )


def test_the_ledger_holds_what_was_acknowledged(played):
    outcomes = {int(row["arrival"]): row for row in records(played, Kind.OUTCOME)}
    acknowledged = [
        row
        for row in records(played, Kind.INTENT)
        if row["action"] <= Action.UNBLOCK
        and not row["flags"] & Flag.DUPLICATE
        and outcomes[int(row["arrival"])]["outcome"] == Outcome.ACCEPTED
    ]
    ledger, cursor, marks = played.accounts[0].ledger, "", []
    while True:
        page = ask(played.app, "GET", f"{ledger.path}/transactions?limit=100{cursor}")
        marks += [
            item["metadata"]["demogen_key"]
            for item in page["items"]
            if item.get("metadata") and not item.get("parentTransactionId")
        ]
        if not page.get("next_cursor"):
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(marks) == sorted(f"r1-1-{row['arrival']}" for row in acknowledged)


@pytest.mark.parametrize("spelling", ["json", "dsl", "mixed"])
def test_every_spelling_plays(tmp_path, spelling):
    theatre = Theatre(tmp_path, spelling=spelling, weights={"payment": 3, "transfer": 2, "split": 2, "hold": 1})
    tally = theatre.play()
    in_dsl = [bool(row["flags"] & Flag.SPELLED_DSL) for row in records(theatre, Kind.INTENT)]
    assert any(in_dsl) == (spelling != "json")
    assert sum(cell.unexpected for cell in tally.cells.values()) == 0
    if spelling == "dsl":
        creates = [row for row in records(theatre, Kind.INTENT) if row["action"] == Action.CREATE]
        assert all(row["flags"] & Flag.SPELLED_DSL for row in creates)


def test_the_same_seed_plays_the_same_run(tmp_path):
    runs = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        theatre = Theatre(folder, seed=11)
        theatre.play()
        legs = [bytes(row) for row in records(theatre, Kind.LEGS)]
        runs.append(([(int(row["arrival"]), int(row["action"])) for row in records(theatre, Kind.INTENT)], legs))
    assert runs[0] == runs[1]


ONE_STEP = ("transfer", "split", "fee", "settlement", "payroll", "deposit", "withdrawal", "invoice", "rent", "overdraw")


def of_workers(folder, workers, weights):
    """What all workers of a run ask for together: arrival, action and legs of each intent, in the order of arrivals."""
    asked = {}
    for worker in range(workers):
        place = folder / f"{worker}-of-{workers}"
        place.mkdir(parents=True)
        theatre = Theatre(place, seed=11, tps=200, seconds=3, weights=weights, worker=(worker, workers))
        theatre.play()
        for row in records(theatre, Kind.INTENT):
            asked[int(row["arrival"])] = [int(row["action"]), int(row["pattern"])]
        for row in records(theatre, Kind.LEGS):
            asked[int(row["arrival"])].append(bytes(row))
    return sorted(asked.items())


def test_any_number_of_workers_asks_for_the_same(tmp_path):
    alone, two, five = (of_workers(tmp_path, workers, dict.fromkeys(ONE_STEP, 1)) for workers in (1, 2, 5))
    assert len(alone) == 600
    assert alone == two == five


def test_an_arrival_that_starts_a_script_starts_the_same_one_on_any_number_of_workers(tmp_path):
    """Which arrivals go to steps of scripts already begun depends on who has begun them; what one begins does not."""
    create, weights = int(Action.CREATE), {"refund": 1, "hold": 1, "transfer": 1}
    runs = [dict(of_workers(tmp_path, workers, weights)) for workers in (1, 2, 5)]
    begun = [{number for number, asked in run.items() if asked[0] == create} for run in runs]
    for run, numbers in zip(runs[1:], begun[1:], strict=True):
        both = begun[0] & numbers
        assert len(both) > 150
        assert all(run[number] == runs[0][number] for number in both)


def test_an_arrival_that_finds_no_connection_is_dropped_with_the_reason(tmp_path):
    theatre = Theatre(tmp_path, tps=10, seconds=1)
    theatre.carrier.offer = lambda *_: False
    theatre.player._patience_ns = 0
    theatre.clock.advance_ns(2_000_000_000)
    theatre.player.turn(theatre.clock.now_ns())
    assert theatre.player.tally.dropped == {"no_slot": 10}
    theatre.journal.close()
    assert len(records(theatre, Kind.DROP)) == 10


def test_arrivals_that_can_only_queue_do_not_wake_the_player_one_by_one(tmp_path):
    theatre = Theatre(tmp_path, tps=10_000, seconds=1)
    theatre.carrier.offer = lambda *_: False
    end_ns, turns, late = theatre.clock.now_ns() + 100_000_000, 0, []
    while (now_ns := theatre.clock.now_ns()) < end_ns:
        late.append(now_ns - theatre.player.pacer.next_due_ns)
        theatre.player.turn(end_ns)
        turns += 1
    # A thousand arrivals are due in that time, five in each half millisecond; none is seen to later than that.
    assert theatre.player.take_delta().counts["offered"] == pytest.approx(1_000, abs=10)
    assert turns < 220
    assert max(late) <= 600_000


def unanswered(theatre):
    """Makes the theatre's ledger answer nothing; how long each turn was ready to wait for it, turn by turn."""
    waits = []

    def collect(until_ns):
        waits.append(max(0, until_ns - theatre.clock.now_ns()))
        theatre.clock.advance_ns(waits[-1])
        return []

    theatre.carrier.collect = collect
    return waits


def test_a_backlog_leaves_in_pieces_and_without_a_pause(tmp_path):
    theatre = Theatre(tmp_path, tps=10_000, seconds=1, weights={"transfer": 1})
    waits, sent = unanswered(theatre), [0]
    theatre.clock.advance_ns(100_000_000)
    while sent[-1] < 1_000:
        theatre.player.turn(theatre.clock.now_ns() + 1_000_000_000)
        sent.append(theatre.carrier.in_flight)
    assert [after - before for before, after in pairwise(sent)] == [64] * 15 + [41]
    assert waits == [0] * 16


def test_a_backlog_that_is_given_up_leaves_no_haste_behind(tmp_path):
    theatre = Theatre(tmp_path, tps=10_000, seconds=1, weights={"transfer": 1})
    waits = unanswered(theatre)
    theatre.clock.advance_ns(100_000_000)
    theatre.player.turn(theatre.clock.now_ns())
    theatre.player.drain(1.0)
    assert sum(waits) == 1_000_000_000
    assert len(waits) < 20


def look_first(dice):
    """Asks for a balance, then pays."""
    payer, payee = dice.pair("customer", "merchant")
    yield Intent(action=Action.READ_BALANCES, ledger=payer.ledger, account=payer)
    yield Intent.move(100, payer, payee, description="seen, then paid")


@pytest.mark.timeout(30)
def test_a_mix_of_patterns_that_all_look_first_is_played(tmp_path):
    pattern = Pattern(name="look_first", weight=1, play=look_first)
    theatre = Theatre(tmp_path, mix=Mix({"look_first": 1}, {"look_first": pattern}))
    theatre.play()
    tally = theatre.player.take_delta()
    assert tally.intents[0] == tally.count(Outcome.ACCEPTED) == 200
    assert not tally.dropped
    numbers = [int(row["arrival"]) for row in records(theatre, Kind.INTENT)]
    assert len(numbers) == len(set(numbers))


def test_what_was_moved_is_told_by_asset_and_once(tmp_path):
    pattern = Pattern(name="look_first", weight=1, play=look_first)
    theatre = Theatre(tmp_path, mix=Mix({"look_first": 1}, {"look_first": pattern}))
    theatre.play()
    told = theatre.player.take_delta()
    assert sorted(told.moved) == ["JPY/0", "USD/2"]
    assert sum(told.moved.values()) == 200 * 100
    assert not told.doubted
    assert not theatre.player.take_delta().moved
