"""A sandbox of its own for tests that name a ledger."""

import pytest

from demogen.sandbox import Sandbox


@pytest.fixture
def sandbox_url(tmp_path):
    with Sandbox(db=str(tmp_path / "ledger.sqlite")) as ledger:
        yield ledger.url
