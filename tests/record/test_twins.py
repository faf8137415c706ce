"""What the compiled journal and histograms keep is what the plain ones do, byte for byte."""

from __future__ import annotations

import copy
import pickle
import struct

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twins import I64, IDS, INTENTS, LEDGER, PAYEE, PAYER, U32, U64, UNITS, needs_compiled, plain

import demogen.record.buckets as buckets
import demogen.record.entries as entries
import demogen.record.journal as journal
from demogen.contract.exchange import Fault
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import Action, Intent, Leg
from demogen.errors import UsageError
from demogen.record.attempt import Attempt
from demogen.record.histogram import Histogram, bucket_of

MICROSECONDS = st.lists(st.integers(-(2**63) // 1000, (2**63 - 1) // 1000) | st.integers(0, 5000), max_size=20)


@needs_compiled
@given(first=MICROSECONDS, second=MICROSECONDS)
@example(first=[2047, 2048, 2049, (2**63 - 1) // 1000], second=[-1, 0])
def test_durations_are_counted_alike(first, second):
    twin = plain(buckets)
    ours, theirs = [], []
    for durations in (first, second):
        ours.append(buckets.Buckets())
        theirs.append(twin.Buckets())
        for us in durations:
            ours[-1].count(us)
            theirs[-1].count(us)
            bucket = buckets.bucket_of(us)
            assert bucket == twin.bucket_of(us)
            assert buckets.highest_us(bucket) == twin.highest_us(bucket)
            assert ours[-1][bucket] == theirs[-1][bucket]
        assert ours[-1] == theirs[-1]
    bounds = sorted({us + step for us in (*first, *second, 0) for step in (-1, 0, 1) if us > 0})
    for kind in (ours, theirs):
        kind[0].merge(kind[1])
    assert ours[0].at_most(bounds) == theirs[0].at_most(bounds)
    assert ours[0].at_most([2**62]) == [len(first) + len(second)]
    assert ours[0] == theirs[0]
    assert (set(ours[0]), len(ours[0])) == (set(theirs[0]), len(theirs[0]))
    assert sorted(ours[0].items()) == sorted(theirs[0].items())
    assert (set(ours[0].keys()), sum(ours[0].values())) == (set(theirs[0]), sum(theirs[0].values()))


@pytest.mark.parametrize("module", [buckets, plain(buckets)], ids=["as imported", "plain"])
def test_buckets_are_read_like_a_dict(module):
    counts = module.Buckets({3: 2, 46_079: 2**40})
    assert (dict(counts), repr(counts)) == ({3: 2, 46_079: 2**40}, "{3: 2, 46079: 1099511627776}")
    assert counts != module.Buckets()
    for bucket in (4, -1, 2000, 46_080):
        with pytest.raises(KeyError):
            counts[bucket]
    copied = copy.deepcopy(counts)
    copied.count(3)
    assert (counts[3], copied[3]) == (2, 3)


def test_a_copied_histogram_counts_on_by_itself():
    histogram = Histogram()
    histogram.record(5_000_000)
    for copied in (copy.deepcopy(histogram), pickle.loads(pickle.dumps(histogram))):
        copied.record(5_000_000)
        assert (copied.to_wire(), histogram.total) == ({"c": {bucket_of(5000): 2}, "s": 10_000, "m": 5000}, 1)


KEYS = {"default": 0, "savings": 3}
ATTEMPTS = st.fixed_dictionaries(
    {
        "generation": st.integers(1, 9) | st.sampled_from([2**32 - 1, 2**32, -1]),
        "number": st.integers(0, 9) | U64,
        "due_ns": I64,
    }
)
PLACES = st.fixed_dictionaries(
    {
        "key_generation": U32,
        "key_number": U64,
        "pattern": st.integers(0, 9) | st.sampled_from([2**16 - 1, 2**16, -1]),
        "flags": st.sampled_from([0, 1, 2**8 - 1, 2**8, 2**15, 2**16, -1]),
        "phase": st.integers(0, 2) | st.sampled_from([2**16, -1]),
        "tries": st.integers(0, 2) | st.sampled_from([255, 256, -1]),
    }
)


def attempt_of(intent, fields, places):
    attempt = Attempt(intent, "r1-1-7", **fields)
    for name, value in places.items():
        setattr(attempt, name, value)
    return attempt


def at_length(do):
    """What the plain journal packs, record by record; None where it refuses."""
    module = plain(journal)
    module.everyday_intent, module.everyday_outcome = plain(entries).everyday_intent, plain(entries).everyday_outcome
    writer = module.JournalWriter.__new__(module.JournalWriter)
    writer._buffer, writer._keys = bytearray(), KEYS
    try:
        do(writer)
    except (ArithmeticError, LookupError, struct.error, UsageError):
        return None
    return bytes(writer._buffer)


@needs_compiled
@given(intent=INTENTS, subject=IDS, units=UNITS | st.none(), fields=ATTEMPTS, places=PLACES)
def test_everyday_intents_are_entered_as_the_journal_packs_them(intent, subject, units, fields, places):
    if units is not None:
        intent = msgspec.structs.replace(intent, units=units)
    attempt = attempt_of(msgspec.structs.replace(intent, subject=subject), fields, places)
    slowly, quickly = at_length(lambda writer: writer.intend(attempt)), entries.Entries()
    if entries.everyday_intent(quickly, attempt, KEYS):
        assert bytes(quickly) == slowly
    else:
        assert len(quickly) == 0


RECEIPTS = st.builds(
    Receipt,
    outcome=st.sampled_from(Outcome),
    status=st.integers(0, 599) | st.sampled_from([2**16, -1]),
    code=st.sampled_from(["", "0018", "9999", "12345", "00x1", "٣", "é", "-1", "²"]) | st.text(max_size=5),
    transaction_id=IDS,
    replayed=st.booleans(),
    expected=st.booleans(),
    mark=st.just("m"),
    fault=st.none() | st.sampled_from(Fault),
)


@needs_compiled
@given(
    receipt=RECEIPTS,
    fields=ATTEMPTS,
    places=PLACES,
    times=st.tuples(I64, I64),
)
def test_everyday_outcomes_are_entered_as_the_journal_packs_them(receipt, fields, places, times):
    attempt = attempt_of(Intent(action=Action.CREATE, ledger=LEDGER), fields, places)
    slowly = at_length(lambda writer: writer.settle(attempt, receipt, *times))
    quickly = entries.Entries()
    if entries.everyday_outcome(quickly, attempt, receipt, *times):
        assert bytes(quickly) == slowly
    else:
        assert (len(quickly), slowly) == (0, None)


@needs_compiled
@pytest.mark.parametrize("spelled", ["", "01980000-0000-7000-8000-00000000000g", "é" * 36, "0198", "0" * 32])
def test_ids_are_entered_alike_however_they_are_spelled(spelled):
    attempt = Attempt(Intent(action=Action.CREATE, ledger=LEDGER), "m", number=7, generation=1, due_ns=5)
    receipt = Receipt(Outcome.ACCEPTED, 201, "", spelled, False, True, "m")
    quickly = entries.Entries()
    assert entries.everyday_outcome(quickly, attempt, receipt, 5, 6)
    assert bytes(quickly) == at_length(lambda writer: writer.settle(attempt, receipt, 5, 6))


@needs_compiled
@pytest.mark.parametrize(
    "legs",
    [
        pytest.param((), id="none"),
        pytest.param((Leg(PAYEE, 10),), id="one"),
        pytest.param((Leg(PAYEE, 4), Leg(PAYER, 6, balance_key="savings")), id="two"),
        pytest.param((Leg(PAYEE, share=(30, 0)), Leg(PAYER, share=(50, 20)), Leg(PAYEE, remaining=True)), id="shares"),
    ],
)
@pytest.mark.parametrize("units", [0, 1, -1, 10**15, 2**54])
def test_everyday_intents_take_the_quick_way(legs, units):
    intent = Intent(
        action=Action.CREATE, ledger=LEDGER, scale=2, units=units, sources=(Leg(PAYER, units),), targets=legs
    )
    attempt = Attempt(intent, "m", number=7, generation=1, due_ns=5)
    quickly = entries.Entries()
    assert entries.everyday_intent(quickly, attempt, KEYS)
    assert bytes(quickly) == at_length(lambda writer: writer.intend(attempt))


@pytest.mark.parametrize("module", [entries, plain(entries)], ids=["as imported", "plain"])
def test_entries_are_appended_to_and_read(module):
    appended = module.Entries()
    assert not appended
    for _ in range(3000):
        appended += b"x" * 1000
    assert (len(appended), bytes(memoryview(appended)[2_999_990:])) == (3_000_000, b"x" * 10)
    with memoryview(appended), pytest.raises(BufferError):
        appended.clear()
    with memoryview(appended), pytest.raises(BufferError):
        appended += b"x" * 3_000_000
    appended.clear()
    appended += b"again"
    assert bytes(appended) == b"again"
