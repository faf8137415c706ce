"""What a run of ours under Locust needs before it can be measured: a ledger with a population, and no work at all.

A sandbox keeps the population; in front of it a null server answers the load itself. The run is real from its preflight
to its last report; what is booked nowhere the audit would find missing, so nobody waits for it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from null_server import NullServer

from demogen.sandbox import Sandbox

#: Generators and the null server alike, so that other work on the machine disturbs them less.
PRIORITY = -15
RIVALS = Path(__file__).parent / "rivals"


class Ground:
    """Use as a context manager: then `server` answers and `population` is there. The server runs on `core`."""

    def __init__(self, *, core: int) -> None:
        self.core = core
        self.server: NullServer
        self._folder = tempfile.TemporaryDirectory(prefix="benchmark-")
        self.folder = Path(self._folder.name)
        self._number = 0

    def __enter__(self) -> Ground:
        # Whatever is not the generator stays off its cores, what scrapes it and keeps its population included.
        os.sched_setaffinity(0, {self.core})
        self._sandbox = Sandbox(db=str(self.folder / "ledger.sqlite")).start()
        self.population = self.folder / "population"
        command = [
            "generate",
            "--host",
            self._sandbox.url,
            "--preset",
            "small",
            "--run-dir",
            self.population,
            "--quiet",
        ]
        subprocess.run([sys.executable, "-m", "demogen", *map(str, command)], check=True, stdout=subprocess.DEVNULL)
        self.server = NullServer(cores={self.core}, kind="nginx", behind=self._sandbox.url).__enter__()
        take_place(self.server.pid, {self.core})
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.server.__exit__(None, None, None)
        self._sandbox.stop()
        self._folder.cleanup()

    def command(self, *words: object, locustfile: str = "ours_locust.py") -> list[str]:
        """Ours under Locust, everything on; `words` come last."""
        self._number += 1
        base = [sys.executable, "-m", "locust", "-f", str(RIVALS / locustfile), "--headless", "--no-tables"]
        base += ["--host", self.server.url, "--population", str(self.population), "--depth", "balances"]
        base += ["--run-dir", str(self.run_dir), "--skip-log-setup"]
        return [*base, *map(str, words)]

    @property
    def run_dir(self) -> Path:
        """Where the command made last writes."""
        return self.folder / f"run-{self._number}"


class Run:
    """A generator under way: pinned, scraped like in production, killed as soon as it has said what it measured."""

    def __init__(self, command: list[str], *, cores: set[int], metrics_port: int = 0) -> None:
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: take_place(os.getpid(), cores),
            start_new_session=True,
        )
        self._over = threading.Event()
        if metrics_port:
            threading.Thread(target=self._scrape, args=(metrics_port,), daemon=True).start()

    def cpu_s(self) -> tuple[float, float]:
        """Processor time of the process and its children so far: of its own, and in the kernel on its behalf."""
        root = psutil.Process(self._process.pid)
        times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
        return float(sum(one.user for one in times)), float(sum(one.system for one in times))

    def rss_mb(self) -> float:
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6

    def wait_until(self, condition: Callable[[], bool], *, within_s: float = 60.0, every_s: float = 0.05) -> None:
        """Raises SystemExit, with what the generator said, where it ends or takes too long."""
        end = time.monotonic() + within_s
        while not condition():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                assert self._process.stderr is not None
                raise SystemExit(f"the generator did not do its work: {self._process.stderr.read().decode()[-1500:]}")
            time.sleep(every_s)

    def measurement(self, run_dir: Path, *, within_s: float) -> dict[str, Any]:
        """What the run measured; it is not left to judge books that nobody kept."""
        path = run_dir / "measurement.json"
        self.wait_until(path.exists, within_s=within_s)
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.kill()
        return told

    def kill(self) -> None:
        self._over.set()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._process.wait(10)

    def _scrape(self, port: int) -> None:
        while not self._over.wait(1.0):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read()
            except OSError:
                continue


def take_place(pid: int, cores: set[int]) -> None:
    """On those cores, and before whatever else this machine is doing, if that may be."""
    os.sched_setaffinity(pid, cores)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, PRIORITY)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
