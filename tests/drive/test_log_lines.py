"""With --log-format json all that a run says on stderr is one object a line; its result on stdout stays as it is."""

from __future__ import annotations

import json
import re

import pytest
from locusts import finish, locust

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def lines_of(err):
    """All but Locust's greeting, which comes before anybody can have a say."""
    first, *lines = err.splitlines()
    assert "Starting Locust" in first
    return [json.loads(line) for line in lines]


def test_every_line_of_a_run_is_an_object(tmp_path):
    process = locust(
        "--headless", "--log-format", "json", "--target-tps", 40, "-t", "2s", "--run-dir", tmp_path / "run",
        cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    lines = lines_of(err)
    assert {"time", "level", "logger", "message", "host", "pid"} <= set(lines[-1])
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line["time"]) for line in lines)
    said = "\n".join(line["message"] for line in lines)
    assert "practising on the embedded sandbox" in said
    assert "population: " in said
    assert "HOLDS" in out


def test_an_error_is_an_object_too(tmp_path):
    process = locust(
        "--headless", "--log-format", "json", "--host", "http://127.0.0.1:1", "-t", "2s", "--run-dir",
        tmp_path / "run", cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code == 7, out + err
    assert any("127.0.0.1:1" in line["message"] for line in lines_of(err))
