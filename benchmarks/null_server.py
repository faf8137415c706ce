"""A ledger that does nothing: answers every request at once with 201 and a transaction of 2 KB.

nginx where it is installed, else the package's own (`demogen.sandbox.null`), which costs more but behaves alike. Runs
in a process of its own, pinned to cores, and can be frozen to see what a generator does while its target stalls. With
`behind` only the transactions of a load are answered so; preflight, population and funding pass on to a real ledger.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType

from demogen.sandbox.null import transaction

_NGINX = """
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 20000;
error_log {folder}/error.log crit; pid {folder}/nginx.pid;
events {{ worker_connections 16384; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; client_max_body_size 16m; {temporary}
  map $request_id $id {{
    "~^(?<a>.{{8}})(?<b>.{{4}})(?<c>.{{4}})(?<d>.{{4}})(?<e>.{{12}})$" $a-$b-$c-$d-$e;
  }}
  map $http_x_idempotency $of_the_load {{ default 0; "~-[1-9][0-9]*-[0-9]+$" 1; }}
  server {{
    listen 127.0.0.1:{port} backlog=8192; default_type application/json;
    location = /requests {{ stub_status; }}
    location / {{ {answer} }}
  }}
}}
"""
_ANSWER = "add_header X-Idempotency-Replayed false always; {when} {{ return 201 '{body}'; }} {otherwise}"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class NullServer:
    """Use as a context manager. `cores` are what the server may run on; `kind` is "nginx" or "python".

    `behind` is the address of a real ledger for all that is not a transaction of a load; only nginx can do that.
    """

    def __init__(self, *, cores: set[int] | None = None, kind: str = "", behind: str = "") -> None:
        self.kind = kind or ("nginx" if shutil.which("nginx") else "python")
        if behind and self.kind != "nginx":
            raise SystemExit("nginx is not installed: apt install nginx-light")
        self._cores = cores
        self._behind = behind
        self._folder = tempfile.TemporaryDirectory(prefix="null-server-")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> NullServer:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(self._command(port), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        if self._cores:
            os.sched_setaffinity(self._process.pid, self._cores)
        self._await(port)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._process is not None:
            self.thaw()
            self._process.terminate()
            self._process.wait(10)
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def freeze(self) -> None:
        """Stop answering, without closing anything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def requests(self) -> int:
        """How many requests have been answered so far."""
        with urllib.request.urlopen(f"{self.url}/requests", timeout=10) as answer:
            # nginx says three other numbers first, ours none.
            numbers = re.findall(rb"\d+", answer.read())
            return int(numbers[3] if len(numbers) > 1 else numbers[0])

    def _command(self, port: int) -> list[str]:
        if self.kind == "python":
            return [sys.executable, "-m", "demogen.sandbox.null", str(port)]
        folder = Path(self._folder.name)
        temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in _TEMPORARY)
        answer = _ANSWER.format(
            body=transaction("$id").replace("'", "\\'"),
            when="if ($of_the_load)" if self._behind else "if ($request_method)",
            otherwise=f"proxy_pass {self._behind}; proxy_http_version 1.1;" if self._behind else "",
        )
        configuration = folder / "nginx.conf"
        configuration.write_text(_NGINX.format(folder=folder, port=port, answer=answer, temporary=temporary))
        return ["nginx", "-c", str(configuration), "-e", str(folder / "start.log")]

    def _await(self, port: int) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise SystemExit(f"the null server ({self.kind}) did not start")


if __name__ == "__main__":
    print("measures nothing; the other benchmarks start it (or serve one: python -m demogen.sandbox.null PORT)")
