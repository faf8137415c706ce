"""Plants every ledger bug in turn, loads the ledger for a few seconds, and prints which invariant named it.

Each row is a sandbox with one bug, `locustfiles/transactions.py` at 300 TPS for 8 s on the small preset, and the audit
that ends it; the first row has no bug and must hold. Usage: python -m tests.mutants [NAME ...] [--seconds 8] [--words]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demogen.sandbox.defects import DEFECTS, Defect

ROOT = Path(__file__).parents[2]
HEALTHY = Defect("none", "a faultless ledger", "")


@contextmanager
def sandbox(defect: Defect, folder: Path) -> Iterator[str]:
    """A sandbox process with one bug; its address."""
    words = ["sandbox", "--port", "0", "--db", str(folder / "ledger.sqlite")]
    words += ["--defect", defect.name] if defect.breaks else []
    child = subprocess.Popen([sys.executable, "-m", "demogen", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert child.stdout is not None
        yield next(word for word in child.stdout.readline().split() if word.startswith("http://"))
    finally:
        child.terminate()
        child.wait(10)


def run(defect: Defect, *, seconds: int, folder: Path) -> tuple[dict[str, str], dict[str, str], float]:
    """Load and audit; each invariant's verdict, each finding's first witness, and how long all of it took."""
    began = time.monotonic()
    folder.mkdir()
    with sandbox(defect, folder) as url:
        words = ["-f", "locustfiles/transactions.py", "--headless", "--skip-log-setup", "--host", url, "-u", "8"]
        words += ["--target-tps", "300", "-t", f"{seconds}s", "--preset", "small", "--run-dir", str(folder / "run")]
        done = subprocess.run([sys.executable, "-m", "locust", *words], cwd=ROOT, capture_output=True, text=True)
    audited = folder / "run" / "audit.json"
    if not audited.exists():
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
        return {}, {}, time.monotonic() - began
    told = json.loads(audited.read_text())
    firsts = {finding["invariant"]: finding["first"] for finding in told["findings"]}
    return told["invariants"], firsts, time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these bugs")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--words", action="store_true", help="also what the finding says of its first witness")
    options = parser.parse_args()
    chosen = [defect for defect in DEFECTS if not options.names or defect.name in options.names]
    escaped = []
    print(f"{'planted bug':<26} {'must be named by':<20} {'':<8} {'s':>5}  {'also violated'}", flush=True)
    with tempfile.TemporaryDirectory(prefix="demogen-mutants-") as scratch:
        for defect in [HEALTHY, *chosen]:
            verdicts, words, took = run(defect, seconds=options.seconds, folder=Path(scratch) / defect.name)
            violated = [name for name, verdict in verdicts.items() if verdict == "VIOLATED"]
            if defect.breaks:
                caught = defect.breaks in violated
            else:
                caught = bool(verdicts) and set(verdicts.values()) == {"HOLDS"}
            escaped += [] if caught else [defect.name]
            says = ("named" if defect.breaks else "holds") if caught else "ESCAPED"
            rest = ", ".join(name for name in violated if name != defect.breaks)
            said = words.get(defect.breaks, "") if options.words else ""
            print(f"{defect.name:<26} {defect.breaks or '-':<20} {says:<8} {took:>5.1f}  {rest}", flush=True)
            if said:
                print(f"    {said}", flush=True)
    print(f"{len(chosen) - len([n for n in escaped if n != 'none'])} of {len(chosen)} planted bugs named", flush=True)
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
