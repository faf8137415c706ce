"""Makes one entity: its request, what its answer means, and what to do where no answer came. Jobs for the crew.

A create that was not answered may have been carried out, and entities have no idempotency: so it is looked for before
it is sent again. A conflict is an entity that exists. May import: client, contract, this room.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from pydantic import ValidationError

from demogen.client.classify import error_code
from demogen.client.crew import Answer, Job, Step, Wait
from demogen.client.retry import RetryPolicy, may_repeat, persist
from demogen.contract import answers, entities
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.money import units_text
from demogen.contract.refusals import REFUSALS, meaning
from demogen.contract.routes import ROUTES
from demogen.population.finding import Finder, Unanswered
from demogen.population.kinds import Kind
from demogen.population.known import Known
from demogen.population.manifest import Row, State
from demogen.population.planned import Planned
from demogen.population.shelves import Shelves

#: Codes that say: it exists (contract 3).
CONFLICTS = frozenset({"0002", "0003", "0015", "0020", "0108", "0123"})

_SAID_MAX = 160


class Recipe(NamedTuple):
    """How a kind is created: route, request model, answer shape, and the field that names it."""

    route: str
    body: type[entities.Body]
    answer: Any
    label: str


def _recipe(route: str, body: type[entities.Body], answer: type[answers.Answer], label: str) -> Recipe:
    return Recipe(route, body, msgspec.json.Decoder(answer), label)


RECIPES = {
    Kind.ORGANIZATION: _recipe(
        "organization.create", entities.OrganizationInput, answers.OrganizationAnswer, "legalName"
    ),
    Kind.LEDGER: _recipe("ledger.create", entities.LedgerInput, answers.LedgerAnswer, "name"),
    Kind.ASSET: _recipe("asset.create", entities.AssetInput, answers.AssetAnswer, "code"),
    Kind.ACCOUNT_TYPE: _recipe("account_type.create", entities.AccountTypeInput, answers.AccountTypeAnswer, "keyValue"),
    Kind.OPERATION_ROUTE: _recipe("operation_route.create", entities.OperationRouteInput, answers.RouteAnswer, "title"),
    Kind.TRANSACTION_ROUTE: _recipe(
        "transaction_route.create", entities.TransactionRouteInput, answers.RouteAnswer, "title"
    ),
    Kind.PORTFOLIO: _recipe("portfolio.create", entities.PortfolioInput, answers.NamedAnswer, "name"),
    Kind.SEGMENT: _recipe("segment.create", entities.SegmentInput, answers.NamedAnswer, "name"),
    Kind.ACCOUNT: _recipe("account.create", entities.AccountInput, answers.AccountAnswer, "alias"),
    Kind.BALANCE: _recipe("balance.create", entities.BalanceInput, answers.BalanceAnswer, "key"),
    Kind.ASSET_RATE: _recipe("asset_rate.put", entities.AssetRateInput, answers.AssetRateAnswer, "from"),
}


class Maker:
    """Turns planned entities into jobs; with `shelves` doubts are settled by lists."""

    def __init__(self, known: Known, *, policy: RetryPolicy, dice: Random, strict: bool = True) -> None:
        self._known = known
        self._policy = policy
        self._dice = dice
        self._strict = strict
        self.finder = Finder(policy=policy, dice=dice)
        #: Told of each body that our own checks refuse but that is sent all the same.
        self.warn: Callable[[str], object] = lambda _: None
        #: Set where doubts are to be settled by whole lists.
        self.shelves: Shelves | None = None
        #: Set where other processes make parts of the plan: an organization by its index.
        self.elsewhere: Callable[[int], Planned] | None = None

    def job(self, planned: Planned, *, in_doubt: bool) -> Job[Row]:
        """Makes `planned`; with `in_doubt` looks for it first."""
        try:
            return (yield from self._attempt(planned, in_doubt=in_doubt))
        except Unanswered as unanswered:
            return failed(planned, unanswered.answer)

    def look(self, planned: Planned) -> Job[Row | None]:
        """A row for `planned` if the server has it; makes nothing. Raises Unanswered."""
        place = self._place(planned)
        if place is None:
            return None
        account = next((index for field, _, index in planned.references if field == "account"), None)
        if account is not None:
            place["id"] = self._known.id(Kind.ACCOUNT, account) or ""
        found = (yield from self._find(planned, place, anew=True)) if place.get("id") != "" else None
        return row_of(planned, State.FOUND, found) if found is not None else None

    def _attempt(self, planned: Planned, *, in_doubt: bool) -> Generator[Step, Answer, Row]:
        place = self._place(planned)
        if place is None:
            return _skipped(planned, "its ledger or organization was not made")
        fields = dict(planned.fields)
        for field, kind, index in planned.references:
            made = self._known.id(kind, index)
            if made is None and kind is Kind.ORGANIZATION and self.elsewhere is not None:
                made = yield from self._made_elsewhere(self.elsewhere(index))
            if made is None:
                return _skipped(planned, f"{kind.one} it needs was not made")
            if field == "operationRoutes":
                fields.setdefault(field, []).append(made)
            elif field == "account":
                place["id"] = made
            else:
                fields[field] = made
        if planned.kind is Kind.SETTINGS:
            return (yield from self._settings(planned, place))
        if planned.kind is Kind.OVERDRAFT:
            return (yield from self._overdraft(planned, place))
        try:
            body = RECIPES[planned.kind].body.model_validate(fields).encode()
        except ValidationError as error:
            if self._strict:
                return _refused_here(planned, error)
            self.warn(f"{planned.kind.label} {planned.index} is sent though it looks wrong: {_told(error)}")
            body = msgspec.json.encode(fields)
        if planned.kind is Kind.ASSET_RATE:
            return (yield from self._put(planned, place, body))
        return (yield from self._create(planned, place, body, in_doubt=in_doubt))

    def _create(
        self, planned: Planned, place: dict[str, str], body: bytes, *, in_doubt: bool
    ) -> Generator[Step, Answer, Row]:
        recipe = RECIPES[planned.kind]
        request = Request(b"POST", ROUTES[recipe.route].target(**place).encode(), body)
        state = State.FOUND
        answer: Response | Fault = Fault.CANCELLED
        for attempt in range(self._policy.attempts):
            if in_doubt:
                found = yield from self._find(planned, place, anew=attempt > 0)
                if found is not None:
                    return row_of(planned, state, found, body)
            answer = _answered((yield request))
            if isinstance(answer, Response):
                if answer.status == 201 and (raw := _id_of(recipe, answer)):
                    return row_of(planned, State.MADE, raw, body)
                if error_code(answer.body) in CONFLICTS:
                    return (yield from self._collided(planned, place, answer, body))
            if _unknown(answer):
                # From here on a twin is our own: an earlier try of this very job.
                in_doubt, state = True, State.MADE
            elif not may_repeat(request, answer):
                return failed(planned, answer)
            if attempt + 1 < self._policy.attempts:
                yield Wait(asked_pause_s(answer) or self._policy.pause_s(attempt, self._dice))
        found = (yield from self._find(planned, place, anew=True)) if in_doubt else None
        return failed(planned, answer) if found is None else row_of(planned, State.MADE, found, body)

    def _find(self, planned: Planned, place: dict[str, str], *, anew: bool) -> Generator[Step, Answer, bytes | None]:
        if planned.kind is Kind.BALANCE:
            return (yield from self.finder.balance(place["id"], planned.fields["key"], _without_id(place)))
        if self.shelves is not None and not anew:
            return (yield from self.shelves.find(planned, place))
        return (yield from self.finder.planned(planned, place))

    def _collided(
        self, planned: Planned, place: dict[str, str], answer: Response, body: bytes
    ) -> Generator[Step, Answer, Row]:
        if planned.kind is Kind.BALANCE:
            found = yield from self.finder.balance(place["id"], planned.fields["key"], _without_id(place))
        else:
            found = yield from self.finder.twin(planned, place)
        return row_of(planned, State.FOUND, found, body) if found is not None else failed(planned, answer)

    def _put(self, planned: Planned, place: dict[str, str], body: bytes) -> Generator[Step, Answer, Row]:
        # Putting the same pair again replaces it (contract 3.7): safe to repeat.
        recipe = RECIPES[planned.kind]
        request = Request(b"PUT", ROUTES[recipe.route].target(**place).encode(), body)
        answer = yield from persist(request, policy=self._policy, dice=self._dice)
        if isinstance(answer, Response) and answer.status in (200, 201) and (raw := _id_of(recipe, answer)):
            return row_of(planned, State.MADE, raw, body)
        return failed(planned, answer)

    def _settings(self, planned: Planned, place: dict[str, str]) -> Generator[Step, Answer, Row]:
        body = entities.LedgerSettings.model_validate(planned.fields).encode()
        request = Request(b"PATCH", ROUTES["ledger.settings.update"].target(**place).encode(), body)
        answer = yield from persist(request, policy=self._policy, dice=self._dice)
        if isinstance(answer, Response) and answer.status == 200:
            return row_of(planned, State.MADE, None, body)
        return failed(planned, answer)

    def _overdraft(self, planned: Planned, place: dict[str, str]) -> Generator[Step, Answer, Row]:
        balance = yield from self.finder.balance(place["id"], "default", _without_id(place))
        if balance is None:
            return _skipped(planned, "its account has no default balance")
        limit = units_text(planned.fields["units"], planned.fields["scale"])
        settings = {"allowOverdraft": True, "overdraftLimitEnabled": True, "overdraftLimit": limit}
        body = entities.BalancePatch.model_validate({"settings": settings}).encode()
        place["id"] = str(UUID(bytes=balance))
        request = Request(b"PATCH", ROUTES["balance.update"].target(**place).encode(), body)
        answer = yield from persist(request, policy=self._policy, dice=self._dice)
        if isinstance(answer, Response) and answer.status == 200:
            return row_of(planned, State.MADE, balance, body)._replace(label=limit)
        return failed(planned, answer)

    def _made_elsewhere(self, planned: Planned) -> Generator[Step, Answer, str | None]:
        """The id of an organization that another part makes, waiting for it as long as for an answer."""
        for attempt in range(self._policy.attempts):
            found = yield from self.finder.planned(planned, {})
            if found is not None:
                return str(UUID(bytes=found))
            yield Wait(self._policy.pause_s(attempt, self._dice))
        return None

    def _place(self, planned: Planned) -> dict[str, str] | None:
        if planned.kind is Kind.ORGANIZATION:
            return {}
        organization = self._known.id(Kind.ORGANIZATION, planned.organization)
        if organization is None:
            return None
        if planned.kind is Kind.LEDGER:
            return {"o": organization}
        ledger = self._known.id(Kind.LEDGER, planned.ledger)
        return {"o": organization, "l": ledger} if ledger else None


def row_of(planned: Planned, state: State, raw: bytes | None, body: bytes | None = None) -> Row:
    """A row for an entity that exists."""
    fields, metadata = planned.fields, planned.fields.get("metadata", {})
    recipe = RECIPES.get(planned.kind)
    return Row(
        kind=planned.kind,
        position=planned.index,
        state=state,
        id=raw,
        ledger=planned.ledger,
        owner=planned.organization,
        label=str(fields[recipe.label]) if recipe else "",
        asset=fields.get("assetCode", ""),
        scale=metadata.get("scale", 0),
        role=metadata.get("role", ""),
        body=body,
    )


def failed(planned: Planned, answer: Response | Fault) -> Row:
    """A row for an entity that could not be made, with the reason."""
    code, reason = explain(answer)
    return row_of(planned, State.FAILED, None)._replace(code=code, reason=reason)


def explain(answer: Response | Fault) -> tuple[str, str]:
    """(code, reason) of an answer that is no success."""
    if isinstance(answer, Fault):
        return answer.label, "no answer" if answer.sent else "the ledger could not be reached"
    code = error_code(answer.body)
    if code:
        return code, meaning(code) if code in REFUSALS else said(answer.body) or meaning(code)
    if 300 <= answer.status < 400:
        return (
            f"http-{answer.status}",
            f"sent elsewhere, to {(answer.header(b'location') or b'nowhere').decode(errors='replace')}",
        )
    told = "an answer of the wrong shape" if answer.status < 300 else "not an answer of the ledger"
    return f"http-{answer.status}", f"{told}: {answer.body[:80].decode(errors='replace')!r}"


class _Said(msgspec.Struct):
    title: str = ""
    message: str = ""
    detail: str = ""


def said(body: bytes) -> str:
    """The ledger's own words in an error, "" where it has none (contract 10, 13.2)."""
    try:
        words = msgspec.json.decode(body, type=_Said)
    except msgspec.DecodeError:
        return ""
    return f"the ledger says: {words.message or words.detail or words.title}"[:_SAID_MAX].removesuffix(": ")


def asked_pause_s(answer: Response | Fault, *, longest_s: float = 30.0) -> float:
    """What Retry-After asks for, in seconds; 0 where it asks for nothing."""
    asked = answer.header(b"retry-after") if isinstance(answer, Response) else None
    return min(float(asked), longest_s) if asked and asked.isdigit() else 0.0


def _answered(answer: Answer) -> Response | Fault:
    assert answer is not None, "a request is answered with a response or a fault"
    return answer


def _unknown(answer: Response | Fault) -> bool:
    """Whether the request may have been carried out though no success came back."""
    if isinstance(answer, Fault):
        return answer.sent
    # A success that is not the ledger's, such as a proxy's page, tells nothing either.
    return answer.status >= 500 or answer.status == 408 or 200 <= answer.status < 300


def _id_of(recipe: Recipe, answer: Response) -> bytes | None:
    """The id in a well-formed answer, None where its shape is not the contract's."""
    try:
        made: answers.Answer = recipe.answer.decode(answer.body)
    except msgspec.DecodeError:
        return None
    return made.id.bytes


def _skipped(planned: Planned, reason: str) -> Row:
    return row_of(planned, State.SKIPPED, None)._replace(reason=reason)


def _refused_here(planned: Planned, error: ValidationError) -> Row:
    return row_of(planned, State.FAILED, None)._replace(code="invalid", reason=_told(error))


def _told(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())


def _without_id(place: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in place.items() if key != "id"}
