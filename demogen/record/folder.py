"""A run is a folder: what stands where in it. Creates and names; never decides what is inside a file.

Everything after the load can be redone from the folder (design 4.4). May import: `errors`, `clock`.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from demogen.clock import NS_PER_S, SystemClock
from demogen.errors import RunFolderError, UsageError


class RunFolder:
    """Paths inside `runs/<run-id>/`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Make the folder; an existing one is taken where no run has left a journal in it."""
        folder = cls(path)
        try:
            folder.journals.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot make the run folder {path}: {error.strerror}", hint="name a writable --run-dir"
            ) from error
        if any(folder.journals.iterdir()):
            raise UsageError(f"{path} already holds a run", hint="name another --run-dir, or remove that folder")
        return folder

    @classmethod
    def existing(cls, path: Path) -> RunFolder:
        """The folder of a run that has taken place."""
        if not path.is_dir():
            raise UsageError(f"there is no run folder {path}", hint="name the folder a run wrote, runs/<run-id>")
        return cls(path)

    @property
    def journals(self) -> Path:
        return self.path / "journal"

    def journal(self, process: int | str) -> Path:
        return self.journals / f"{process}.journal"

    def journal_files(self) -> list[Path]:
        return sorted(self.journals.glob("*.journal"))

    @property
    def population(self) -> Path:
        """The manifest of the population the run drove (SQLite)."""
        return self.path / "population.sqlite"

    @property
    def settings(self) -> Path:
        return self.path / "settings.json"

    @property
    def measurement(self) -> Path:
        return self.path / "measurement.json"

    @property
    def opening(self) -> Path:
        """Balances as they were just before the load."""
        return self.path / "opening.sqlite"

    @property
    def book(self) -> Path:
        """The ledger as read back after the load."""
        return self.path / "book.duckdb"

    @property
    def incomplete(self) -> Path:
        """Why the journals are not whole, a JSON list of sentences; absent where they are."""
        return self.path / "incomplete.json"

    @property
    def audit(self) -> Path:
        return self.path / "audit.json"

    @property
    def report_json(self) -> Path:
        return self.path / "report.json"

    @property
    def report_html(self) -> Path:
        return self.path / "report.html"

    @property
    def sandbox_db(self) -> Path:
        return self.path / "sandbox.sqlite"

    def write_text(self, path: Path, text: str) -> None:
        """Write a whole file or none of it."""
        draft = path.with_suffix(path.suffix + ".draft")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise RunFolderError(
                f"cannot write {path}: {error.strerror}", hint="free some space or name another --run-dir"
            ) from error


def new_run_id(now: datetime | None = None) -> str:
    """Letters, digits, dashes; begins with a letter, so that the DSL can spell marks made of it (contract 9)."""
    moment = now or datetime.fromtimestamp(SystemClock.wall_ns() // NS_PER_S, UTC)
    return f"r{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
