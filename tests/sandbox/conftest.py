"""What the sandbox's tests share: banks on a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from banking import Bank

from demogen.clock import FakeClock
from demogen.sandbox import SandboxApp


@pytest.fixture
def open_bank(clock: FakeClock) -> Iterator[Callable[..., Bank]]:
    """Opens banks of any character; `open_bank(dialect="v4")`."""
    apps: list[SandboxApp] = []

    def open_it(**options: Any) -> Bank:
        app = SandboxApp(clock=clock, **options)
        apps.append(app)
        bank = Bank(app, clock)
        for alias in ("@a", "@b", "@c"):
            bank.account(alias)
        bank.fund("@a", "1000")
        return bank

    yield open_it
    for app in apps:
        app.close()


@pytest.fixture
def bank(open_bank: Callable[..., Bank]) -> Bank:
    """A bank of v3.8 with @a (1000), @b and @c."""
    return open_bank()
