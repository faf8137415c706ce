"""Ours with everything on: patterns, unique bodies and keys, journal, histograms, classification. As fast as it goes.

An arrival is due whenever fewer than `connections` requests are out, so this is a closed loop through the very actor
that plays the open one. Usage: ours.py URL CONNECTIONS FOLDER (runs until ended)
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from demogen.client.engine import Pump, open_pump
from demogen.clock import NS_PER_S, SystemClock
from demogen.contract.wire import Renderer
from demogen.pacing.pacer import NEVER_NS, Arrival, Pacer
from demogen.patterns import Stage, find_patterns
from demogen.record.journal import JournalWriter
from demogen.record.tally import PHASES
from demogen.workload.calibrate import some_accounts
from demogen.workload.measure import Gathering
from demogen.workload.mix import Mix
from demogen.workload.player import Player


class Eager(Pacer):
    """An arrival is due as soon as there is room for it."""

    def __init__(self, clock: SystemClock, pump: Pump, room: int) -> None:
        super().__init__()
        self._now = clock.now_ns
        self._pump = pump
        self._room = room
        self._number = 0

    @property
    def next_due_ns(self) -> int:  # type: ignore[override]
        return 0 if self._pump.in_flight < self._room else NEVER_NS

    @next_due_ns.setter
    def next_due_ns(self, due_ns: int) -> None:
        """The schedule's own due times do not count here."""

    def claim(self, now_ns: int) -> Arrival | None:
        if self.offered - self._number >= self._room - self._pump.in_flight:
            self._number = self.offered
            return None
        self.offered += 1
        return Arrival(self.offered, now_ns, 1)


def main(url: str, connections: int, folder: Path) -> None:
    clock = SystemClock()
    pump = open_pump(url, clock=clock)
    pump.open(connections)
    patterns = find_patterns()
    mix = Mix({name: patterns[name].weight for name in ("payment", "transfer", "split")}, patterns)
    header = {"run_id": "r1", "process": 0, "patterns": list(mix.names), "phases": list(PHASES), "wall_offset_ns": 0}
    journal = JournalWriter(folder / "0.journal", header=header)
    player = Player(
        run_id="r20260101-000000-0000",
        seed=7,
        stage=Stage(some_accounts()),
        mix=mix,
        carrier=pump,
        pacer=Eager(clock, pump, connections),
        journal=journal,
        renderer=Renderer("json"),
        clock=clock,
    )
    gathering = Gathering()
    with ThreadPoolExecutor(1) as background:
        for second in count():
            player.play_until(clock.now_ns() + NS_PER_S)
            background.submit(journal.sync)
            gathering.add(player.take_delta(), second=second)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
