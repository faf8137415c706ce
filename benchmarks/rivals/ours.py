"""Ours with everything on: patterns, unique bodies and keys, journal, histograms, classification. As fast as it goes.

More arrivals are due than can be sent, and no more than `connections` requests are ever out. Usage: ours.py URL
CONNECTIONS FOLDER TPS (runs until ended)
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from demogen.client.engine import open_pump
from demogen.clock import NS_PER_S, SystemClock
from demogen.contract.wire import Renderer
from demogen.pacing.pacer import Pacer, Share
from demogen.pacing.schedule import constant
from demogen.patterns import Stage, find_patterns
from demogen.record.journal import JournalWriter
from demogen.record.tally import PHASES
from demogen.workload.calibrate import some_accounts
from demogen.workload.measure import Gathering
from demogen.workload.mix import Mix
from demogen.workload.player import Player


def main(url: str, connections: int, folder: Path, tps: int) -> None:
    clock = SystemClock()
    pump = open_pump(url, clock=clock, max_connections=connections)
    pump.open(connections)
    patterns = find_patterns()
    # In the proportions of the others' scripts of the same work.
    mix = Mix({"payment": 4, "transfer": 3, "split": 1}, patterns)
    header = {"run_id": "r1", "process": 0, "patterns": list(mix.names), "phases": list(PHASES), "wall_offset_ns": 0}
    journal = JournalWriter(folder / "0.journal", header=header)
    pacer = Pacer()
    pacer.take(Share(1, clock.now_ns(), 0, 0, 0, 1, constant(tps)))
    player = Player(
        run_id="r20260101-000000-0000",
        seed=7,
        stage=Stage(some_accounts()),
        mix=mix,
        carrier=pump,
        pacer=pacer,
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
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
