"""Which machine and which libraries the load came from: kept with a run, so that figures can be weighed later.

Names no user, no host, no path. May import: the version of demogen.
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from demogen import __version__

_LIBRARIES = ("locust", "gevent", "httptools", "msgspec", "duckdb", "numpy")


def machine() -> dict[str, str]:
    """Words a reader understands, by what they are about."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "demogen": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} × {_processor()}",
        "memory": f"{pages / 1e9:.0f} GB",
        "libraries": ", ".join(f"{name} {found}" for name in _LIBRARIES if (found := _version(name))),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.lower().startswith(("model name", "hardware"))]
    return names[0] if names else platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
