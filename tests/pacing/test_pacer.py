"""The pacer: every arrival once, re-shared without a gap, an overlap or a key used twice."""

from demogen.pacing.pacer import NEVER_NS, Pacer, Share
from demogen.pacing.schedule import constant

SECOND = 1_000_000_000


def share(generation, first, k, n, *, rate=100.0, seconds=None, base=0, epoch=0):
    return Share(generation, epoch, base, first, k, n, constant(rate, seconds))


def drain(pacer, now_ns):
    claimed = []
    while (arrival := pacer.claim(now_ns)) is not None:
        claimed.append(arrival)
    return claimed


def test_nothing_is_handed_out_before_it_is_due():
    pacer = Pacer()
    pacer.take(share(1, 0, 0, 1))
    assert [arrival.number for arrival in drain(pacer, 0)] == [0]
    assert pacer.next_due_ns == SECOND // 100


def test_a_finite_schedule_ends():
    pacer = Pacer()
    pacer.take(share(1, 0, 0, 1, seconds=1.0))
    assert len(drain(pacer, 10 * SECOND)) == 100
    assert pacer.exhausted
    assert pacer.next_due_ns == NEVER_NS


def test_a_reshare_leaves_no_gap_and_no_overlap():
    one, two = Pacer(), Pacer()
    one.take(share(1, 0, 0, 1))
    early = drain(one, SECOND)
    one.take(share(2, 300, 0, 2))
    two.take(share(2, 300, 1, 2))
    late = drain(one, 5 * SECOND) + drain(two, 5 * SECOND)
    arrivals = sorted((arrival.number, arrival.generation) for arrival in early + late)
    assert [index for index, _ in arrivals] == list(range(501))
    assert {generation for index, generation in arrivals if index < 300} == {1}
    assert {generation for index, generation in arrivals if index >= 300} == {2}


def test_a_new_rate_starts_at_its_own_epoch():
    pacer = Pacer()
    pacer.take(share(1, 0, 0, 1))
    pacer.take(share(2, 200, 0, 1, rate=10.0, base=200, epoch=2 * SECOND))
    dues = {arrival.number: arrival.due_ns for arrival in drain(pacer, 4 * SECOND)}
    assert dues[199] == 199 * SECOND // 100
    assert (dues[200], dues[201]) == (2 * SECOND, 2 * SECOND + SECOND // 10)


def test_a_stopped_pacer_rests():
    pacer = Pacer()
    pacer.take(share(1, 0, 0, 1))
    pacer.stop()
    assert pacer.claim(SECOND) is None
    assert pacer.exhausted
