"""The client of ordinary `@task` code: Locust's `self.client`, on the engine that carries the schedule.

A task's greenlet parks until its answer has come. Requests are counted under their name, in Locust's table and in ours;
`send` says an Intent, which is marked, journalled and judged with the rest. A request that creates a transaction in a
ledger of the run's population is read as the Intent it is. May import: locust, gevent, contract, workload.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import gevent
import msgspec
from gevent import get_hub
from gevent.hub import Waiter
from locust.exception import CatchResponseError, LocustError, StopUser

from demogen.clock import NS_PER_MS, NS_PER_S, SystemClock
from demogen.contract.exchange import JSON, Fault, Request, Response
from demogen.contract.outcome import Receipt
from demogen.contract.reading import with_mark
from demogen.contract.transactions import Intent
from demogen.drive.listeners import Listeners
from demogen.drive.reply import NoAnswer, NoFreeConnection, Reply
from demogen.drive.slots import slots
from demogen.patterns import Dice
from demogen.workload.errands import Desk, Plain

_RUN_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.05
_TRY_AGAIN_S = 0.002
_SAYS_MAX = 200
_SAFE = "/?&=%:@!$'()*+,;~-._[]"
#: Lines the engine writes itself.
_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding", "user-agent", "accept"})
_CLOCK = SystemClock()


def wake(waiter: object) -> None:
    """Let the greenlet that waits go on in the hub's next round: a switch from here would strand the player."""
    get_hub().loop.run_callback(waiter.switch, None)  # type: ignore[attr-defined]


class TaskClient:
    """What a LedgerUser's tasks talk to the ledger with. Paths are relative to the ledger's address."""

    def __init__(self, user: Any) -> None:
        self._user = user
        self._listeners = Listeners(user.environment)
        self._dice: Dice | None = None

    def get(self, path: str, **options: Any) -> Reply:
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> Reply:
        return self.request("HEAD", path, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        return self.request("DELETE", path, **options)

    def post(self, path: str, data: bytes | str | None = None, json: Any = None, **options: Any) -> Reply:
        return self.request("POST", path, data=data, json=json, **options)

    def put(self, path: str, data: bytes | str | None = None, json: Any = None, **options: Any) -> Reply:
        return self.request("PUT", path, data=data, json=json, **options)

    def patch(self, path: str, data: bytes | str | None = None, json: Any = None, **options: Any) -> Reply:
        return self.request("PATCH", path, data=data, json=json, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        name: str | None = None,
        data: bytes | str | None = None,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        catch_response: bool = False,
        context: Mapping[str, Any] | None = None,
    ) -> Reply:
        """One request; its reply. With `catch_response` it is counted at the end of a with-block, as in Locust.

        Raises LocustError where the request cannot be spelled, StopUser where the run is over.
        """
        request = spelled(method, path, data=data, json=json, params=params, headers=headers)
        desk = _desk()
        intent = desk.understood(request)
        waiter = Waiter()
        if intent is None:
            errand = desk.plain(request, waiter)
        else:
            errand = desk.marked(intent, waiter, spelled=lambda mark: with_mark(request, mark))
        _await(desk, errand, waiter, timeout_s=timeout)

        def report(reply: Reply, problem: Exception | None) -> None:
            self._report(desk, errand, reply, problem, method=method, name=name or path, context=context)

        elapsed_ns = errand.answered_ns - errand.asked_ns
        return Reply(request, _result(errand), elapsed_ns=elapsed_ns, caught=catch_response, report=report)

    def send(self, intent: Intent, *, name: str = "") -> Receipt:
        """Say an intent: marked, journalled and audited like the schedule's own. What came of it.

        Counted under `name`, by default the action's; as a failure where it did not end as the intent expects.
        Raises NoFreeConnection where it could not be sent in time, StopUser where the run is over.
        """
        desk, waiter = _desk(), Waiter()
        errand = desk.marked(intent, waiter)
        _await(desk, errand, waiter, timeout_s=None)

        def report(reply: Reply, problem: Exception | None) -> None:
            receipt = errand.receipt
            if receipt is not None and receipt.expected:
                problem = None
            elif problem is None:
                problem = CatchResponseError("accepted, though meant to be refused")
            self._report(desk, errand, reply, problem, method="TX", name=name or intent.action.label, context=None)

        elapsed_ns = errand.answered_ns - errand.asked_ns
        reply = Reply(errand.request, _result(errand), elapsed_ns=elapsed_ns, caught=False, report=report)
        if errand.receipt is None:
            reply.raise_for_status()
        assert errand.receipt is not None
        return errand.receipt

    @property
    def dice(self) -> Dice:
        """Accounts and amounts of the run's population, drawn from a stream of this user's own."""
        if self._dice is None:
            self._dice = _desk().dice()
        return self._dice

    def _report(
        self,
        desk: Desk,
        errand: Plain,
        reply: Reply,
        problem: Exception | None,
        *,
        method: str,
        name: str,
        context: Mapping[str, Any] | None,
    ) -> None:
        """Count it, and tell whoever else listens."""
        says = "" if problem is None else str(problem)[:_SAYS_MAX] or type(problem).__name__
        desk.count(errand, method=method, name=name, problem=says)
        others = self._listeners.others()
        if others is not None:
            others.fire(
                request_type=method,
                name=name,
                response_time=reply.elapsed_ns / NS_PER_MS,
                response_length=len(reply.content or b""),
                response=reply,
                context={**self._user.context(), **(context or {})},
                exception=problem,
                start_time=(_CLOCK.wall_ns() - reply.elapsed_ns) / NS_PER_S,
                url=reply.url,
            )


def _desk() -> Desk:
    """The desk of the run under way. Users may be spawned a moment before it opens, or outlive it."""
    desk = slots.desk
    waited_s = 0.0
    while desk is None and waited_s < _RUN_WITHIN_S:
        gevent.sleep(_LOOK_EVERY_S)
        waited_s += _LOOK_EVERY_S
        desk = slots.desk
    if desk is None or desk.closed:
        raise StopUser("the run is over")
    return desk


def _await(desk: Desk, errand: Plain, waiter: Any, *, timeout_s: float | None) -> None:
    """Park until the errand has ended, or could not be sent in time."""
    while not desk.send(errand, timeout_s=timeout_s):
        if not desk.in_time(errand):
            return
        gevent.sleep(_TRY_AGAIN_S)
    waiter.get()


def _result(errand: Plain) -> Response | Exception:
    result = errand.result
    if result is None:
        return NoFreeConnection()
    return NoAnswer(result) if isinstance(result, Fault) else result


def spelled(
    method: str,
    path: str,
    *,
    data: bytes | str | None,
    json: Any,
    params: Mapping[str, Any] | None,
    headers: Mapping[str, str] | None,
) -> Request:
    """A request as task code asks for it. Raises LocustError on what HTTP cannot say."""
    if not path.startswith("/"):
        raise LocustError(f"{path!r} is no path: write /v1/…, the ledger's address comes before it")
    if params:
        path = f"{path}{'&' if '?' in path else '?'}{urlencode(params, doseq=True)}"
    if not path.isascii() or not path.isprintable() or " " in path:
        path = quote(path, safe=_SAFE)
    content_type, lines = JSON, b""
    if headers:
        content_type, lines = _header_lines(headers)
    if json is not None:
        body = msgspec.json.encode(json)
    elif data is None:
        body = b""
    else:
        body = data.encode() if isinstance(data, str) else data
    return Request(method.encode("ascii"), path.encode("ascii"), body, content_type=content_type, headers=lines)


def _header_lines(headers: Mapping[str, str]) -> tuple[bytes, bytes]:
    """The content type, and the other lines as they go out."""
    content_type, lines = JSON, []
    for name, value in headers.items():
        if not (name.isascii() and f"{name}{value}".isprintable()):
            raise LocustError(f"the header {name!r} holds characters no header may hold")
        if name.lower() == "content-type":
            content_type = value.encode("latin-1")
        elif name.lower() not in _OURS:
            lines.append(f"{name}: {value}\r\n".encode("latin-1"))
    return content_type, b"".join(lines)
