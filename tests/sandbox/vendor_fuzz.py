"""`make fuzz`: schemathesis over the vendor's own OpenAPI description, against the sandbox without quirks: no 5xx.

The description is the vendor's and not ours to ship; without it nothing is done, and said so. With the quirks on, the
real server's own 500s are imitated, which is why they are off here. Arguments after the description go to schemathesis.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from demogen.sandbox import Sandbox

_BASE = re.compile(r"^ *- url: (/\S+)$", re.MULTILINE)


def main(description: Path, more: list[str]) -> int:
    if not description.is_file():
        print(f"no {description}: name the vendor's OpenAPI file with OPENAPI=FILE; nothing was fuzzed")
        return 0
    base = _BASE.search(description.read_text(encoding="utf-8"))  # newer descriptions name /v1 once, for all paths
    dialect, prefix = ("v4", base[1]) if base else ("v3.8", "")
    schemathesis = str(Path(sys.executable).parent / "schemathesis")
    with Sandbox(quirks="none", dialect=dialect) as ledger, TemporaryDirectory() as scratch:
        command = [
            schemathesis, "run", str(description.resolve()), "--url", ledger.url + prefix,
            "--checks", "not_a_server_error", "--phases", "fuzzing", "--max-examples", "20", "--workers", "2",
            "--no-color", *more,
        ]  # fmt: skip
        ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=scratch)
    print("\n".join(ended.stdout.splitlines()[-14:] if ended.returncode == 0 else [ended.stdout, ended.stderr]))
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
