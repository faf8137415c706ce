"""What is kept of the machine lets figures be weighed, and gives nobody away."""

from __future__ import annotations

import getpass
import platform

from demogen.record.machine import machine


def test_the_machine_is_described_without_naming_it() -> None:
    told = machine()
    assert set(told) == {"demogen", "python", "system", "processor", "memory", "libraries"}
    assert all(told.values())
    assert "locust" in told["libraries"]
    words = " ".join(told.values())
    assert platform.node() not in words.split()
    assert getpass.getuser() not in words.split()
