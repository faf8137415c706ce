"""Every recorded exchange of the real servers replays identically (tests/recordings)."""

from __future__ import annotations

from pathlib import Path

import pytest
from replaying import Answer, Replay, decoded, recordings

from demogen.clock import FakeClock, SystemClock
from demogen.sandbox import SandboxApp

EXPECTED = {"v3.8": 520, "v4": 528}
FOLDERS = {"v3.8": ("v3.8", "v3.8-more"), "v4": ("v4",)}


def replay(path: Path, app: SandboxApp, clock: FakeClock) -> tuple[int, list[str]]:
    """How many steps passed, and a line for each difference."""

    def send(method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        reply = app.handle(method, target, headers, body)
        clock.advance_ns(1_000_000)
        return Answer(reply.status, reply.headers, decoded(reply.body))

    passed, lines = 0, []
    for step in Replay(path, send, run="run0", wait=clock.sleep).steps():
        passed += not step.differences
        lines += [f"{path.stem} {step.label}: {line}" for line in step.differences[:3]]
    return passed, lines


@pytest.mark.parametrize("version", ["v3.8", "v4"])
def test_every_recorded_exchange_replays(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock(wall_ns=SystemClock.wall_ns())
    app = SandboxApp(dialect=version, clock=clock)
    passed, lines = 0, []
    for folder in FOLDERS[version]:
        for path in recordings(folder):
            ok, differences = replay(path, app, clock)
            passed += ok
            lines += differences
    app.close()
    with capsys.disabled():
        print(f"\n{version}: {passed} recorded exchanges replayed identically, {len(lines)} differences")
    assert not lines, "\n".join(lines[:20])
    assert passed >= EXPECTED[version]
