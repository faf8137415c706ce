"""The whole exception tree, drawn; every class fixes an exit code and carries a hint.

    DemogenError                1  unexpected; anything below is more precise
    ├── UsageError              2  a flag, file, spec or scenario is wrong
    │   ├── InvalidSettings     2  every problem at once, each with its location
    │   └── CannotSpell         2  the DSL cannot say this intent (contract 9)
    ├── ThresholdMissed         3  a threshold of the scenario was missed
    ├── IntegrityViolated       4  the books are wrong
    ├── IntegrityUnknown        5  the books could not be judged
    ├── LoadNotDelivered        6  generator or schedule at fault
    ├── PreflightFailed         7  the ledger answers, but the run cannot start
    │   └── LedgerUnreachable   7  nothing answers
    └── RunFolderError          1  a run folder cannot be written or read

Outcomes of requests are values, not exceptions (`contract.outcome`). May import: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence


class DemogenError(Exception):
    """What failed, and what to try. `exit_code` is what the command line ends with."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class UsageError(DemogenError):
    """A flag, a file or a value is wrong; nothing was sent."""

    exit_code = 2


class InvalidSettings(UsageError):
    """Several settings are wrong; all are reported at once.

    `problems` holds (location, what is wrong and what to try) pairs.
    """

    def __init__(
        self, problems: Sequence[tuple[str, str]], *, hint: str = "run with --help to see every option and its range"
    ) -> None:
        self.problems = tuple(problems)
        lines = "; ".join(f"{location}: {problem}" for location, problem in self.problems)
        super().__init__(lines, hint=hint)


class CannotSpell(UsageError):
    """The Gold DSL has no spelling for this intent (contract section 9); send it as JSON."""


class ThresholdMissed(DemogenError):
    """A threshold of the scenario was missed."""

    exit_code = 3


class IntegrityViolated(DemogenError):
    """An invariant has counter-examples."""

    exit_code = 4


class IntegrityUnknown(DemogenError):
    """An invariant could not be judged; never reported as success."""

    exit_code = 5


class LoadNotDelivered(DemogenError):
    """The generator or the schedule did not deliver the promised load."""

    exit_code = 6


class PreflightFailed(DemogenError):
    """The ledger answers, but not as this run needs it to."""

    exit_code = 7


class LedgerUnreachable(PreflightFailed):
    """Nothing answers at the given address."""


class RunFolderError(DemogenError):
    """A run folder cannot be created, written or read."""
