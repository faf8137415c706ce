"""What we want the ledger to do: intents, their legs, and the statuses transactions pass through.

An Intent is one request in the ledger's own vocabulary, before any spelling (JSON or DSL). It carries the outcome
its pattern expects, so that a refusal that was meant counts as success. May import: `money`, `entities`, `errors`.
"""

from __future__ import annotations

import enum

import msgspec

from demogen.contract.entities import Body
from demogen.contract.money import atto_of_units
from demogen.errors import UsageError


class Action(enum.IntEnum):
    """What is asked of the ledger. Below 32: writes under /transactions, which the target counts; others ride along."""

    CREATE = 1  # /json or /dsl
    INFLOW = 2
    OUTFLOW = 3
    ANNOTATION = 4
    BLOCK = 5
    UNBLOCK = 6
    COMMIT = 7
    CANCEL = 8
    REVERT = 9
    READ_TRANSACTION = 32
    READ_BALANCES = 33
    READ_STATEMENT = 34
    LIST_TRANSACTIONS = 35
    LIST_ACCOUNTS = 36
    COUNT_TRANSACTIONS = 37
    ENTITY = 48  # a write elsewhere: `Intent.route` names it, `Intent.entity` is its body

    @property
    def is_write(self) -> bool:
        return self < Action.READ_TRANSACTION

    @property
    def is_create(self) -> bool:
        """A request that makes a new, marked transaction (a revert copies its original's mark instead)."""
        return self <= Action.UNBLOCK

    @property
    def label(self) -> str:
        return self.name.lower()


# Looking a member up costs as much as making a leg.
_CREATE = Action.CREATE


class Status(enum.StrEnum):
    """Statuses of a transaction. CREATED is only ever in the POST answer; reads show APPROVED (contract 4.4)."""

    CREATED = "CREATED"
    APPROVED = "APPROVED"
    PENDING = "PENDING"
    CANCELED = "CANCELED"
    NOTED = "NOTED"


class LedgerRef(msgspec.Struct, frozen=True):
    """One ledger of the population. `index` is its row in the manifest."""

    index: int
    organization_id: str
    ledger_id: str

    @property
    def path(self) -> str:
        return f"/v1/organizations/{self.organization_id}/ledgers/{self.ledger_id}"


class AccountRef(msgspec.Struct, frozen=True):
    """One account of the population. `index` is its row in the manifest and its name in the journal.

    `external` marks the `@external/ASSET` companion that each asset brings (contract 3.3).
    """

    index: int
    account_id: str
    alias: str
    asset: str
    scale: int
    ledger: LedgerRef
    role: str = ""
    external: bool = False


class Leg(msgspec.Struct, frozen=True):
    """One side's part in a transaction: exactly one of `units`, `share` and `remaining` (contract 4, code 0072).

    `units` are minor units at the account's scale; `share` is (percentage, percentage of percentage).
    """

    account: AccountRef
    units: int | None = None
    share: tuple[int, int] | None = None
    remaining: bool = False
    balance_key: str = "default"
    description: str = ""
    chart_of_accounts: str = ""
    route_id: str = ""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to ask of the ledger, and what we expect it to say.

    `units` minor units of `asset` at `scale` move from `sources` to `targets`. `subject` is the id of the transaction
    that a commit, cancel, revert or read is about; `account` the one that a read is about. `refused_with` lists
    the codes that count as success where the request is meant to be refused; empty: it is meant to be
    accepted. `repeats` is the mark of an earlier attempt, for a deliberate duplicate under the same key.

    An ENTITY intent creates, changes or deletes anything else: `route` is a row of `routes`, `entity` the body,
    `subject` the {id} (or {t}) in its path, and `item` the operation of a transaction.
    """

    action: Action
    ledger: LedgerRef
    asset: str = ""
    scale: int = 0
    units: int = 0
    sources: tuple[Leg, ...] = ()
    targets: tuple[Leg, ...] = ()
    pending: bool = False
    subject: str = ""
    account: AccountRef | None = None
    description: str = ""
    code: str = ""
    group: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    transaction_date: str = ""
    route_id: str = ""
    refused_with: tuple[str, ...] = ()
    repeats: str = ""
    query: str = ""
    route: str = ""
    entity: Body | None = None
    item: str = ""

    @property
    def expects_refusal(self) -> bool:
        return bool(self.refused_with)

    @staticmethod
    def move(units: int, payer: AccountRef, payee: AccountRef, *, description: str = "", **details: object) -> Intent:
        """`units` minor units from one account to another of the same asset and ledger."""
        return _create(payer, units, (Leg(payer, units),), (Leg(payee, units),), description, details)

    @staticmethod
    def spread(
        units: int, sources: tuple[Leg, ...], targets: tuple[Leg, ...], *, description: str = "", **details: object
    ) -> Intent:
        """`units` minor units from several legs to several legs; all accounts share one asset and ledger."""
        return _create(sources[0].account, units, sources, targets, description, details)

    @staticmethod
    def follow(action: Action, of: Intent, transaction_id: str, **details: object) -> Intent:
        """Commit, cancel, revert or read the transaction that an earlier intent made."""
        return Intent(action=action, ledger=of.ledger, subject=transaction_id, **details)  # type: ignore[arg-type]

    def again(self, mark: str) -> Intent:
        """The same request once more under the same key: a deliberate duplicate, which must book nothing."""
        return msgspec.structs.replace(self, repeats=mark)


def _create(
    of: AccountRef,
    units: int,
    sources: tuple[Leg, ...],
    targets: tuple[Leg, ...],
    description: str,
    details: dict[str, object],
) -> Intent:
    """A transaction in the ledger, asset and scale `of` an account."""
    intent = Intent(
        action=_CREATE,
        ledger=of.ledger,
        asset=of.asset,
        scale=of.scale,
        units=units,
        sources=sources,
        targets=targets,
        description=description,
    )
    # Apart, since most have none: to merge two sets of keywords costs as much as the intent.
    return msgspec.structs.replace(intent, **details) if details else intent


def leg_amounts_atto(intent: Intent, legs: tuple[Leg, ...]) -> list[int]:
    """What each leg of one side books, in atto units, by the rule of contract 4.1.

    Shares are exact decimals; raises UsageError where one is finer than an atto unit.
    """
    total = atto_of_units(intent.units, intent.scale)
    rest = total
    amounts = []
    for leg in legs:
        if leg.units is not None:
            amount = atto_of_units(leg.units, intent.scale)
        elif leg.share is not None:
            percentage, of_percentage = leg.share
            amount, inexact = divmod(total * percentage * (of_percentage or 100), 10_000)
            if inexact:
                raise UsageError("a share of this amount has more than 18 decimal digits", hint="use amounts instead")
        else:
            amount = rest
        rest -= amount
        amounts.append(amount)
    return amounts
