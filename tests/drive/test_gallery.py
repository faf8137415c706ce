"""Every locustfile that ships, and every example of one, runs under a real Locust and its books hold."""

from __future__ import annotations

import pytest
from locusts import ROOT, finish, locust, report_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
#: transactions.py runs in most other tests of this folder.
LOCUSTFILES = sorted(file for file in (ROOT / "locustfiles").glob("*.py") if file.stem != "transactions")


@pytest.mark.parametrize(
    "file",
    [
        *[pytest.param(file, id=file.stem) for file in EXAMPLES],
        *[pytest.param(file, id=file.stem, marks=pytest.mark.slow) for file in LOCUSTFILES],
    ],
)
def test_a_locustfile_plays_what_it_names(tmp_path, file):
    folder = tmp_path / "run"
    process = locust(
        "--headless", "--target-tps", 50, "-t", "3s", "-u", 2, "-r", 2, "--run-dir", folder,
        locustfile=file, cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    told = report_of(folder)
    assert told["verdict"] == "HOLDS"
    assert told["outcomes"]["unexpected"] == 0
    assert told["outcomes"]["accepted"] > 50
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 32
