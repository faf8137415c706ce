"""Transactions through accounting routes: which ids an intent must name so that a ledger with routes takes it.

A ledger that insists on routes refuses everything else (contract 11, code 0114), so `through` gives routes to all that
a script asks there; elsewhere a script may ask for them. Inflow and outflow cannot carry routes, and block has no entry
in ours, so those go out as plain transactions with both sides. May import: contract, population.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING

from msgspec.structs import replace

from demogen.contract.transactions import Action, Intent
from demogen.population.extras import Extras, FlowRoute

if TYPE_CHECKING:
    from demogen.patterns.base import Script
    from demogen.patterns.dice import Dice

_PLAIN = frozenset({Action.INFLOW, Action.OUTFLOW, Action.BLOCK, Action.UNBLOCK})


class Flows:
    """The routes of a population, by ledger and flow."""

    def __init__(self, extras: Extras) -> None:
        self.insists = extras.insists_on_routes
        self._routes = {(one.ledger, one.name): one for one in extras.routes}

    def of(self, ledger: int, name: str) -> FlowRoute | None:
        """The routes of a flow in a ledger; those of a payment where it has no such flow."""
        return self._routes.get((ledger, name)) or self._routes.get((ledger, "payment"))

    def routed(self, intent: Intent, *, name: str = "") -> Intent:
        """The intent with the routes of its flow; as it is where the ledger has none."""
        funded = intent.action is Action.INFLOW or any(leg.account.external for leg in intent.sources)
        route = self.of(intent.ledger.index, "funding" if funded else name)
        if route is None:
            return intent
        return replace(
            intent,
            action=Action.CREATE if intent.action in _PLAIN else intent.action,
            route_id=route.route_id,
            sources=tuple([replace(leg, route_id=route.source_id) for leg in intent.sources]),
            targets=tuple([replace(leg, route_id=route.target_id) for leg in intent.targets]),
        )


def through(play: Callable[[Dice], Script]) -> Callable[[Dice], Script]:
    """The same script, whose transactions carry routes in ledgers that insist on them."""

    @wraps(play)
    def begin(dice: Dice) -> Script:
        script = play(dice)
        return _through(script, dice.stage.flows) if dice.stage.flows.insists else script

    return begin


def _through(script: Script, flows: Flows) -> Script:
    try:
        step = next(script)
        while True:
            if isinstance(step, Intent) and step.action.is_create and step.ledger.index in flows.insists:
                step = flows.routed(step)
            receipt = yield step
            step = script.send(receipt)
    except StopIteration:
        return
    finally:
        script.close()
