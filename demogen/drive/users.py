"""User classes: a Locust user is a connection slot, and its tasks say what share each pattern has in the mix.

The schedule, not the user, decides when a pattern is played, so a user only opens its slot and waits, unless its class
has ordinary tasks besides: those run in Locust's own loop, at its wait_time. May import: locust, patterns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gevent
from locust import User
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING
from locust.user.users import RestMixin

from demogen.drive.slots import slots
from demogen.drive.tasks import TaskClient
from demogen.errors import UsageError
from demogen.patterns import Dice, find_patterns

_LOOK_EVERY_S = 0.2


class PatternTask:
    """A pattern's place in a user class: Locust lists, tags and weighs it; the player plays it.

    Its tags are the pattern's name, and `reads` or `writes`: `--tags writes` and `--exclude-tags overdraw` work.
    """

    def __init__(self, name: str) -> None:
        pattern = find_patterns().get(name)
        if pattern is None:
            raise UsageError(
                f"no pattern is called {name!r}", hint=f"choose from: {', '.join(sorted(find_patterns()))}"
            )
        self.pattern = name
        self.__name__ = name
        self.locust_tag_set = {name, "reads" if pattern.reads_only else "writes"}

    def __call__(self, user: User) -> None:
        raise StopUser(f"{self.pattern} is played by the schedule, not by {type(user).__name__}")

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PatternTask) and other.pattern == self.pattern


def tasks_for(**weights: int) -> dict[PatternTask, int]:
    """Tasks of a user class: pattern names (with `_` for `-`) and whole-number weights.

    Raises UsageError for an unknown name or a weight below 1.
    """
    for name, weight in weights.items():
        if not isinstance(weight, int) or weight < 1:
            raise UsageError(f"the weight of {name} is {weight!r}", hint="use whole numbers of 1 and above")
    return {PatternTask(name.replace("_", "-")): weight for name, weight in weights.items()}


class LedgerUser(User, RestMixin[Any]):
    """A customer of the ledger: holds one connection open while it lives, and runs its ordinary tasks, if it has any.

    `self.client` is made like Locust's: `get`, `post` …, and `send` for an Intent; `self.dice` draws accounts and
    amounts from the population of the run.
    """

    abstract = True

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.client = TaskClient(self)

    @property
    def dice(self) -> Dice:
        return self.client.dice

    def run(self) -> None:  # type: ignore[misc]  # final upstream, and called here: only what is waited for differs
        """The connection opens now and closes then; patterns are played by the schedule, other tasks by Locust."""
        ordinary = [task for task in self.tasks if not isinstance(task, PatternTask)]
        slots.open()
        try:
            if ordinary:
                self.tasks = ordinary
                super().run()
            else:
                self._wait()
        finally:
            slots.close()

    def _wait(self) -> None:
        self._state = LOCUST_STATE_RUNNING
        try:
            self.on_start()
            while self._state != LOCUST_STATE_STOPPING:
                gevent.sleep(_LOOK_EVERY_S)
        finally:
            self.on_stop()


def mix_of(user_classes: Iterable[Any]) -> dict[str, float]:
    """Pattern weights of all user classes together: each class counts by its weight, its tasks by theirs."""
    weights: dict[str, float] = {}
    for user_class in user_classes:
        tasks = [task for task in getattr(user_class, "tasks", []) if isinstance(task, PatternTask)]
        share = float(user_class.fixed_count or user_class.weight)
        for task in tasks:
            weights[task.pattern] = weights.get(task.pattern, 0.0) + share / len(tasks)
    return weights
