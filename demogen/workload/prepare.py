"""Before the load: who exists, what they have, and enough money that none runs dry by accident.

The opening is read first and the funding is journalled after it, so that the auditor replays the funding like any
other intent (design 4.1, 4.2). May import: client, population, patterns, audit (what it reads back), record, contract.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demogen.audit.opening import available, read_opening
from demogen.audit.sweep import Sweeper
from demogen.client.classify import classify
from demogen.client.crew import Crew, Step
from demogen.client.retry import RetryPolicy, persist
from demogen.clock import NS_PER_S, Clock
from demogen.contract.exchange import Fault, Response
from demogen.contract.money import ATTO_SCALE, atto_of_text
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, Leg
from demogen.contract.wire import Renderer
from demogen.errors import PreflightFailed, UsageError
from demogen.patterns.flows import Flows
from demogen.population.directory import Population
from demogen.population.manifest import Manifest
from demogen.record.attempt import Attempt
from demogen.record.folder import RunFolder
from demogen.record.journal import Flag, JournalWriter
from demogen.workload.rehearsal import Need

#: Funding carries generation 0; the load begins with 1.
FUNDING_GENERATION = 0


def manifest_of(source: Path) -> Path:
    """The manifest that is named by its folder or itself. Raises UsageError where there is none."""
    file = source / "population.sqlite" if source.is_dir() else source
    if not file.exists():
        raise UsageError(f"there is no population in {source}", hint="make one: demogen generate --run-dir DIR")
    return file


def adopt_population(source: Path, folder: RunFolder) -> Population:
    """Use the population of another run folder; its manifest is copied, so that the run can be judged by itself."""
    file = manifest_of(source)
    if file.resolve() != folder.population.resolve():
        manifest = Manifest(file, read_only=True)
        try:
            # Not a plain copy: what a killed run wrote last may still stand in its write-ahead log.
            manifest.copy_to(folder.population)
        finally:
            manifest.close()
    return Population.open(folder.population)


def sweeper_for(clock: Clock, policy: RetryPolicy, *, seed: int) -> Sweeper:
    """What reads the ledger back; its window ends a day ahead, for a server whose clock is ahead."""
    day_after = datetime.fromtimestamp(clock.wall_ns() / NS_PER_S, UTC) + timedelta(days=1)
    return Sweeper(policy=policy, dice=random.Random(seed), end_date=f"{day_after:%Y-%m-%d}")


def read_books(folder: RunFolder, population: Population, *, crew: Crew, sweeper: Sweeper, clock: Clock) -> None:
    """Save every balance as it stands now."""
    read_opening(folder.opening, ledgers=population.ledgers, crew=crew, sweeper=sweeper, clock=clock)


def fund(
    needs: Sequence[Need],
    *,
    run_id: str,
    folder: RunFolder,
    population: Population,
    crew: Crew,
    policy: RetryPolicy,
    clock: Clock,
    seed: int,
) -> int:
    """Deposit what accounts lack for the run; how many deposits. Raises PreflightFailed where one is refused."""
    flows = Flows(population.extras)
    # A ledger that insists on routes takes no deposit without them (contract 11).
    intents = [
        flows.routed(intent) if intent.ledger.index in flows.insists else intent
        for intent in _deposits(needs, available(folder.opening), population.accounts)
    ]
    if not intents:
        return 0
    journal = JournalWriter(
        folder.journal("funding"),
        header={
            "run_id": run_id,
            "process": "funding",
            "patterns": ["funding"],
            "phases": [],
            "wall_offset_ns": clock.wall_ns() - clock.now_ns(),
        },
    )
    teller = _Teller(run_id, journal, policy, clock, seed)
    try:
        for receipt, intent in crew.run(teller.deposit(number, intent) for number, intent in enumerate(intents)):
            if receipt.outcome is Outcome.REJECTED:
                raise PreflightFailed(
                    f"the ledger refused to fund {intent.targets[0].account.alias}: {receipt.code or receipt.status}",
                    hint="generate a new population",
                )
    finally:
        journal.close()
    return len(intents)


def _deposits(
    needs: Sequence[Need], has: dict[tuple[int, str], str], accounts: Sequence[AccountRef]
) -> Iterable[Intent]:
    externals = {(account.ledger.index, account.asset): account for account in accounts if account.external}
    for need in needs:
        account = need.account
        atto = atto_of_text(has.get((account.ledger.index, account.alias), "0"))
        missing = need.units - atto // 10 ** (ATTO_SCALE - account.scale)
        external = externals.get((account.ledger.index, account.asset))
        if missing > 0 and external is not None:
            yield Intent(
                action=Action.INFLOW,
                ledger=account.ledger,
                asset=account.asset,
                scale=account.scale,
                units=missing,
                sources=(Leg(external, missing),),
                targets=(Leg(account, missing),),
                description="funding for a run",
            )


class _Teller:
    """Books deposits one by one, each journalled before it leaves."""

    def __init__(self, run_id: str, journal: JournalWriter, policy: RetryPolicy, clock: Clock, seed: int) -> None:
        self._run_id = run_id
        self._journal = journal
        self._policy = policy
        self._clock = clock
        self._dice = random.Random(seed)
        self._renderer = Renderer("json")

    def deposit(self, number: int, intent: Intent) -> Generator[Step, Response | Fault | None, tuple[Receipt, Intent]]:
        mark = f"{self._run_id}-{FUNDING_GENERATION}-{number}"
        request, _ = self._renderer.render(intent, mark)
        sent_ns = self._clock.now_ns()
        attempt = Attempt(intent, mark, number=number, generation=FUNDING_GENERATION, due_ns=sent_ns)
        attempt.flags = Flag.FUNDING
        self._journal.intend(attempt)
        self._journal.flush()
        result = yield from persist(request, policy=self._policy, dice=self._dice)
        receipt = classify(intent, result, mark=mark)
        # A retry whose first try was booked after all comes back replayed; that is what the key is for.
        self._journal.settle(attempt, receipt, sent_ns=sent_ns, answered_ns=self._clock.now_ns())
        return receipt, intent
