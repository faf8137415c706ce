"""The scorecard says of each dialect what the contract says, and of a forgetful ledger that it forgets."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from demogen.audit.probes.idempotency import PROBES, Grade, scorecard
from demogen.audit.probes.workbench import Workbench
from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.errors import PreflightFailed
from demogen.sandbox import SandboxApp


class SlowClock(FakeClock):
    """Every look at it costs a microsecond, so that answers take time."""

    def now_ns(self) -> int:
        self.advance_ns(1_000)
        return super().now_ns()


def card(*, dialect="v3.8", defects=(), hasty=False, probes=()):
    clock = SlowClock(now_ns=1)
    app = SandboxApp(clock=clock, rng=random.Random(1), dialect=dialect, defects=defects)
    crew = Crew(InMemoryCarrier(app, clock=clock), clock=clock)
    impatient = Crew(InMemoryCarrier(app, clock=clock), clock=clock, timeout_s=0.000_001) if hasty else None
    work = Workbench(crew, tag="t1", dice=random.Random(1))
    return {score.probe: score for score in scorecard(work, clock=clock, hasty=impatient, probes=probes)}


@pytest.mark.parametrize(
    ("dialect", "unsafe"),
    [
        pytest.param("v3.8", {"equal-reverts-without-key", "revert-under-a-used-key"}, id="v3.8: contract 6"),
        pytest.param("v4", {"equal-reverts", "equal-reverts-without-key"}, id="v4: contract 13.1"),
    ],
)
def test_a_dialect_is_unsafe_where_the_contract_says_so(dialect, unsafe):
    scores = card(dialect=dialect, hasty=True)
    assert set(scores) == set(PROBES)
    assert {name for name, score in scores.items() if score.grade is Grade.UNSAFE} == unsafe
    assert {name for name, score in scores.items() if score.grade is Grade.NOTED} == {
        "other-body", "without-key", "expired",
    }  # fmt: skip


def test_a_ledger_that_forgets_its_keys_is_unsafe():
    scores = card(defects=["idempotency-forgotten"])
    unsafe = {name for name, score in scores.items() if score.grade is Grade.UNSAFE}
    assert {"repeated", "at-once", "other-body"} <= unsafe
    assert scores["at-once"].booked == 8


@pytest.mark.parametrize(
    "defect", ["500-after-commit", "double-booking", "acknowledged-not-written", "refused-but-booked"]
)
def test_a_ledger_that_books_otherwise_than_it_answers_is_unsafe(defect):
    score = card(defects=[defect], probes=["after-an-error"])["after-an-error"]
    assert score.grade is Grade.UNSAFE, score
    assert card(probes=["after-an-error"])["after-an-error"].grade is Grade.SAFE


def test_giving_up_is_counted():
    score = card(hasty=True, probes=["after-time-out"])["after-time-out"]
    assert score.booked == 12
    assert score.happened.startswith("12 of 12 given up on")


def test_where_nothing_can_be_given_up_on_that_is_said():
    score = card(probes=["after-time-out"])["after-time-out"]
    assert score.grade is Grade.NOTED
    assert "not tried" in score.happened


def test_a_ledger_that_refuses_the_set_up_is_no_ledger_to_score():
    clock = FakeClock(now_ns=1)
    crew = Crew(InMemoryCarrier(Refusing(), clock=clock), clock=clock)
    with pytest.raises(PreflightFailed, match=r"organization\.create"):
        scorecard(Workbench(crew, tag="t1", dice=random.Random(1)), clock=clock)


class Refusing:
    """An app that refuses everything."""

    def handle(self, *request):
        return SimpleNamespace(status=401, headers={}, body=b'{"code":"0041"}')
