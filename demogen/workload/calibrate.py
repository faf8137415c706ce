"""What can this machine drive? Ever higher rates on a ledger that does nothing, until one is not kept.

Everything is on, as in a run: patterns, unique keys, journal, histograms; so the figure is what a run would reach in
one process, not what an engine alone does. Decides no run. May import: client, pacing, patterns, record, the player.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from demogen.client.transport import Carrier
from demogen.clock import NS_PER_MS, NS_PER_S, Clock
from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.contract.wire import Renderer, Spelling
from demogen.pacing.pacer import Pacer, Share
from demogen.pacing.schedule import constant
from demogen.patterns import Stage, find_patterns
from demogen.record.journal import JournalWriter
from demogen.record.tally import MEASURE, PHASES
from demogen.workload.mix import Mix
from demogen.workload.player import Player

#: A rate is kept where this share of it is answered within its time …
DELIVERED_MIN = 0.998
#: … and its arrivals leave no later than this, at P99; or than twice what they do when next to nothing is asked for.
LAG_MS_P99_MAX = 1.0
#: A run should ask for no more than this share of what was found: the rest is for the unexpected.
HEADROOM = 0.8

_QUIET_TPS = 200.0
_FIRST_TPS = 1_000.0
_LAST_TPS = 100_000.0
_BISECTIONS = 4
_PROBE_S = 1.0
_LEAD_NS = 20 * NS_PER_MS
#: What is due in the last moment may be answered a moment later.
_GRACE_NS = 50 * NS_PER_MS
_PATTERNS = ("payment", "transfer", "split")
_ROLES = ("customer", "customer", "customer", "merchant")


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One rate, tried for a second. `busy` is the share of one processor that the generator used."""

    rate_tps: float
    delivered: float
    lag_ms_p99: float
    cpu_us: float
    busy: float

    def kept(self, lag_ms_max: float) -> bool:
        return self.delivered >= DELIVERED_MIN and self.lag_ms_p99 <= lag_ms_max


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The highest rate that was kept (None: not even the first), the lowest that was not, and all that was tried."""

    kept: Probe | None
    missed: Probe | None
    probes: tuple[Probe, ...]
    lag_ms_max: float = LAG_MS_P99_MAX

    @property
    def disturbed(self) -> bool:
        """Whether this machine is too busy with other things to hold the usual limit."""
        return self.lag_ms_max > LAG_MS_P99_MAX

    @property
    def drives_tps(self) -> float:
        return self.kept.rate_tps if self.kept is not None else 0.0

    @property
    def bound_by(self) -> str:
        """What the rate above the best one failed on, in words."""
        if self.missed is None:
            return "nothing that was tried: it keeps the highest rate we ask for"
        missed = self.missed
        if missed.busy > 0.85:
            return f"its processor: {missed.busy:.0%} of one core at {missed.rate_tps:,.0f} a second"
        if missed.delivered < DELIVERED_MIN:
            return (
                f"the null server or other work on this machine: {missed.delivered:.1%} were answered in time at "
                f"{missed.rate_tps:,.0f} a second while the generator used {missed.busy:.0%} of a core"
            )
        return (
            f"other work on this machine: arrivals left {missed.lag_ms_p99:.1f} ms late at P99 at "
            f"{missed.rate_tps:,.0f} a second while the generator used {missed.busy:.0%} of a core"
        )

    def workers_for(self, target_tps: float) -> int:
        """How many load processes such a target takes, each on a core of its own; 0 where none was measured."""
        room_tps = HEADROOM * self.drives_tps
        return -int(-target_tps // room_tps) if room_tps else 0


def search(
    probe: Callable[[float], Probe], *, clock: Clock, within_s: float, told: Callable[[Probe], None]
) -> Calibration:
    """Double the rate until one is missed, then halve the gap a few times. A miss counts if it happens twice.

    Ends after `within_s` seconds at the latest, but for one probe; `told` hears of each probe.
    """
    end_ns = clock.now_ns() + round(within_s * NS_PER_S)
    lag_ms_max = max(LAG_MS_P99_MAX, 2 * probe(_QUIET_TPS).lag_ms_p99)
    probes: list[Probe] = []
    kept: Probe | None = None
    missed: Probe | None = None
    rate_tps, halvings = _FIRST_TPS, 0
    while clock.now_ns() < end_ns and halvings <= _BISECTIONS and rate_tps <= _LAST_TPS:
        tried = probe(rate_tps)
        if not tried.kept(lag_ms_max) and clock.now_ns() < end_ns:
            # On a machine that does other things too a second may just be a bad one.
            tried = max(tried, probe(rate_tps), key=lambda one: (one.kept(lag_ms_max), one.delivered))
        probes.append(tried)
        told(tried)
        if tried.kept(lag_ms_max):
            kept = tried
        else:
            missed = tried
        if missed is None:
            rate_tps *= 2
        else:
            halvings += 1
            rate_tps = ((kept.rate_tps if kept else 0.0) + missed.rate_tps) / 2
    return Calibration(kept=kept, missed=missed, probes=tuple(probes), lag_ms_max=lag_ms_max)


class Workbench:
    """Plays on a carrier as a run would, one rate at a time. Journals go to `folder` and are removed again."""

    def __init__(self, carrier: Carrier, *, folder: Path, clock: Clock, spelling: Spelling = "mixed") -> None:
        self._carrier = carrier
        self._folder = folder
        self._clock = clock
        self._spelling: Spelling = spelling
        patterns = find_patterns()
        self._mix = Mix({name: patterns[name].weight for name in _PATTERNS}, patterns)
        self._stage = Stage(some_accounts())
        self._number = 0

    def probe(self, rate_tps: float, *, seconds: float = _PROBE_S) -> Probe:
        """Drive that rate for some seconds. What is still under way then is waited for, but no longer counts."""
        clock, self._number = self._clock, self._number + 1
        path = self._folder / f"{self._number}.journal"
        start_ns = clock.now_ns() + _LEAD_NS
        end_ns = start_ns + round(seconds * NS_PER_S)
        pacer = Pacer()
        pacer.take(Share(self._number, start_ns, 0, 0, 0, 1, constant(rate_tps, seconds)))
        journal = JournalWriter(path, header=self._header())
        player = self._player(pacer, journal, window_ns=(start_ns, end_ns))
        cpu_ns, began_ns = clock.cpu_ns(), clock.now_ns()
        player.play_until(end_ns + _GRACE_NS)
        cpu_ns, elapsed_ns = clock.cpu_ns() - cpu_ns, clock.now_ns() - began_ns
        answered = player.tally.total(phase=MEASURE).service.total
        lag_us = player.tally.lag.percentile_us(0.99)
        pacer.stop()
        player.play_until(end_ns + 10 * NS_PER_S)
        journal.close()
        path.unlink()
        return Probe(
            rate_tps=rate_tps,
            delivered=answered / (rate_tps * seconds),
            lag_ms_p99=lag_us / 1000,
            cpu_us=cpu_ns / max(1, answered) / 1000,
            busy=cpu_ns / elapsed_ns,
        )

    def _player(self, pacer: Pacer, journal: JournalWriter, *, window_ns: tuple[int, int]) -> Player:
        return Player(
            run_id="calibrate",
            seed=self._number,
            stage=self._stage,
            mix=self._mix,
            carrier=self._carrier,
            pacer=pacer,
            journal=journal,
            renderer=Renderer(self._spelling),
            clock=self._clock,
            patience_s=1.0,
            window_ns=window_ns,
        )

    def _header(self) -> dict[str, object]:
        return {
            "run_id": "calibrate",
            "process": 0,
            "patterns": list(self._mix.names),
            "phases": list(PHASES),
            "wall_offset_ns": 0,
        }


def some_accounts(count: int = 1000) -> list[AccountRef]:
    """Accounts of one asset that exist nowhere, and the external one: enough for scripts to draw from."""
    ledger = LedgerRef(0, "01980000-0000-7000-8000-000000000004", "01980000-0000-7000-8000-000000000005")
    made = [
        AccountRef(
            number, f"01980000-0000-7000-8000-{number:012x}", f"@account-{number}", "USD", 2, ledger,
            _ROLES[number % len(_ROLES)],
        )
        for number in range(count)
    ]  # fmt: skip
    return [*made, AccountRef(count, "", "@external/USD", "USD", 2, ledger, "external", external=True)]
