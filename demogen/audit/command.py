"""An audit from settings: opens the population and the connections a run folder asks for, and closes them.

May import: `population`, `client`, `record`, `errors`, `clock`, the rest of this room.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from demogen.audit.auditor import audit, save_unjudged, settings_of
from demogen.audit.explain import Section, Subject, explain, is_alias, statement, subject_of
from demogen.audit.findings import AuditReport
from demogen.audit.ground import Ground
from demogen.audit.live import Watch, vigil
from demogen.audit.pages import TransactionItem
from demogen.audit.scope import Depth
from demogen.audit.sweep import Sweeper
from demogen.audit.underway import Underway
from demogen.client.auth import token_of
from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.client.retry import RetryPolicy
from demogen.client.watched import watched
from demogen.clock import NS_PER_S, Clock, SystemClock
from demogen.contract.transactions import LedgerRef
from demogen.errors import DemogenError, UsageError
from demogen.population.directory import Population
from demogen.record.folder import RunFolder
from demogen.record.sight import Sight

_READERS = 16
#: Reads a second at most while a load runs.
_LOOKS_PER_S = 50.0


class Wishes(Protocol):
    """What an audit asks of settings; the whole of `config.Settings` has it."""

    @property
    def host(self) -> str | None: ...
    @property
    def depth(self) -> Depth: ...
    @property
    def request_timeout_s(self) -> float: ...
    @property
    def retry_attempts(self) -> int: ...
    @property
    def oauth_token_url(self) -> str | None: ...
    @property
    def oauth_client_id(self) -> str | None: ...
    @property
    def ca_file(self) -> Path | None: ...
    @property
    def client_cert(self) -> Path | None: ...
    @property
    def client_key(self) -> Path | None: ...

    def secret(self, name: str) -> str | None: ...


def audit_folder(
    directory: Path, *, settings: Wishes, journals: Sequence[Path] = (), clock: Clock | None = None
) -> AuditReport:
    """Audit a run folder against the ledger it was made on, or the one that `settings.host` names.

    Raises UsageError where the folder is no run's. A ledger that does not answer makes the verdict UNKNOWN.
    """
    folder = RunFolder.existing(directory)
    clock = clock or SystemClock()
    if not folder.journals.is_dir() and not journals:
        raise UsageError(f"{directory} holds no run", hint="name the folder a run wrote, runs/<run-id>")
    try:
        population = Population.open(folder.population)
        with reading(folder, settings, clock) as (crew, sweeper):
            return audit(
                folder, roster=population, crew=crew, sweeper=sweeper, clock=clock, depth=settings.depth,
                journals=journals,
            )  # fmt: skip
    except DemogenError as error:
        return save_unjudged(folder, depth=settings.depth, error=error)


def explain_in(directory: Path, what: str, *, settings: Wishes, clock: Clock | None = None) -> list[Section]:
    """Explain a transaction or an account of an audited run; the ledger is asked too, where it answers.

    Raises UsageError where nothing is known of it, RunFolderError where the run was not audited.
    """
    folder = RunFolder.existing(directory)
    if not folder.book.exists():
        raise UsageError(f"{directory} was not audited", hint=f"audit it first: demogen audit {directory}")
    ground = Ground(folder.book, existing=True)
    try:
        if is_alias(what):
            return statement(ground, what)
        subject = subject_of(ground, what)
        shown = _shown(ground, folder, subject, settings, clock or SystemClock())
        return explain(ground, subject, shown=shown)
    finally:
        ground.close()


def _shown(
    ground: Ground, folder: RunFolder, subject: Subject, settings: Wishes, clock: Clock
) -> TransactionItem | None:
    """The transaction as the ledger shows it now; None where there is no ledger to ask, or it does not have it."""
    row = ground.rows(
        "select t.ledger, organization_id, ledger_id, uuid_text(id) from book.transactions t "
        "join plan.ledgers using (ledger) where id = ?",
        [subject.transaction_id],
    )
    if not row:
        return None
    index, organization_id, ledger_id, transaction_id = row[0]
    found: list[TransactionItem] = []
    try:
        with reading(folder, settings, clock, patient=False) as (crew, sweeper):
            ledger = LedgerRef(index, organization_id, ledger_id)
            for _count in crew.run([sweeper.one(ledger, transaction_id, lambda _, items: found.extend(items))]):
                pass
    except DemogenError:
        # The explanation stands without the ledger; it may be long gone.
        return None
    return found[0] if found else None


def watch_folder(
    directory: Path, *, settings: Wishes, every_s: float, over: Callable[[], bool], clock: Clock | None = None
) -> Iterator[Sight]:
    """What looks at the ledger of a run show while its load lasts, until it is `over`; ledgers of others are left out.

    Raises UsageError where the folder is no run's, RunFolderError where its opening or a journal cannot be read.
    """
    folder = RunFolder.existing(directory)
    clock = clock or SystemClock()
    if not folder.opening.exists():
        raise UsageError(f"{directory} has no opening balances to compare with", hint="name the folder of a run")
    population = Population.open(folder.population)
    shared = settings_of(folder).get("shared_ledgers", ())
    ledgers = [ledger for ledger in population.ledgers if ledger.ledger_id not in shared]
    with reading(folder, settings, clock, patient=False, readers=1, rate_per_s=_LOOKS_PER_S) as (crew, sweeper):
        watch = Watch(folder.opening, ledgers=ledgers, crew=crew, sweeper=sweeper, clock=clock)
        underway = Underway(folder.journals, population.accounts)
        yield from vigil(watch, underway, clock=clock, every_s=every_s, over=over)


@contextmanager
def reading(
    folder: RunFolder,
    settings: Wishes,
    clock: Clock,
    *,
    patient: bool = True,
    readers: int = _READERS,
    rate_per_s: float | None = None,
) -> Iterator[tuple[Crew, Sweeper]]:
    """A crew and a sweeper towards the ledger of a run folder. Raises UsageError where no address is known.

    `patient` repeats what fails; `readers` requests at most are out at once, `rate_per_s` in a second.
    """
    url = settings.host or str(settings_of(folder).get("host") or "")
    if not url:
        raise UsageError(f"{folder.path} does not say which ledger it was made on", hint="name it: --host URL")
    cert = (str(settings.client_cert), str(settings.client_key or settings.client_cert))
    pump = open_pump(
        url,
        clock=clock,
        max_connections=readers,
        token=token_of(settings, clock),
        ca_file=str(settings.ca_file) if settings.ca_file else None,
        client_cert=cert if settings.client_cert else None,
    )
    carrier = watched(pump, clock=clock, token=settings.secret("token"))
    try:
        timeout_s = settings.request_timeout_s
        crew = Crew(carrier, clock=clock, concurrency=readers, timeout_s=timeout_s, rate_per_s=rate_per_s)
        yield crew, sweeper_for(clock, RetryPolicy(attempts=settings.retry_attempts + 1 if patient else 1))
    finally:
        pump.close()


def sweeper_for(clock: Clock, policy: RetryPolicy | None = None, *, seed: int = 0) -> Sweeper:
    """What reads the ledger back; its window ends a day ahead, for a server whose clock is ahead."""
    day_after = datetime.fromtimestamp(clock.wall_ns() / NS_PER_S, UTC) + timedelta(days=1)
    return Sweeper(policy=policy or RetryPolicy(), dice=random.Random(seed), end_date=f"{day_after:%Y-%m-%d}")
