"""A pytest fixture for other projects: `midaz_sandbox`, a fresh ledger on a free port for each test.

Switch it on with `pytest_plugins = ["demogen.sandbox.pytest_plugin"]`; override `midaz_sandbox_options` to start it
otherwise, for instance with `{"dialect": "v4", "arguments": ["--latency", "fixed:5ms"]}`. May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from demogen.sandbox.child import Sandbox


@pytest.fixture
def midaz_sandbox_options() -> dict[str, Any]:
    """Keyword arguments of `Sandbox`; override it to change them."""
    return {}


@pytest.fixture
def midaz_sandbox(midaz_sandbox_options: dict[str, Any]) -> Iterator[Sandbox]:
    """A running sandbox; its address is `midaz_sandbox.url`."""
    with Sandbox(**midaz_sandbox_options) as ledger:
        yield ledger
