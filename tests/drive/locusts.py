"""Starts real Locust processes on the project's own locustfile, and reads what they leave behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def locust(
    *words, cwd, file_kib_max=None, descriptors_max=None, locustfile=ROOT / "locustfiles/transactions.py", **options
):
    """`file_kib_max` bounds the size of every file it writes, as a full disk would."""
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), *map(str, words)]
    if file_kib_max is not None:
        command = ["bash", "-c", f'ulimit -f {file_kib_max}; exec "$@"', "limited", *command]
    if descriptors_max is not None:
        limit = f'ulimit -n {descriptors_max}; exec setpriv --bounding-set -sys_resource -- "$@"'
        command = ["bash", "-c", limit, "limited", *command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("LOCUST_SKIP_MONKEY_PATCH", None)
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def finish(process, timeout=120):
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def report_of(folder: Path):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))
