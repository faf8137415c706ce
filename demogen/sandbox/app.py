"""The sandbox as a function from request to answer, without sockets: what tests and the server both call.

Decides nothing about money: it routes, runs the handler, and turns refusals into answers. A group of calls ends with
`commit`; `handle` is a group of one. May import: demogen.clock, demogen.sandbox.
"""

from __future__ import annotations

import sys
import traceback
import uuid
from collections.abc import Mapping, Sequence
from random import Random

from demogen.clock import Clock, SystemClock
from demogen.sandbox import quirks as quirk_table
from demogen.sandbox import troubles
from demogen.sandbox.defects import Planted
from demogen.sandbox.dialect import DIALECTS
from demogen.sandbox.dsl.endpoint import deprecation_headers
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.refusal import BodyMissing, FrameworkRefusal, Refusal
from demogen.sandbox.routes import routes
from demogen.sandbox.routing import Table, bind
from demogen.sandbox.sabotage import Saboteur
from demogen.sandbox.store.database import StorageFailed
from demogen.sandbox.store.store import Store
from demogen.sandbox.world import World

_PREFLIGHT = {
    "vary": "Access-Control-Request-Method, Access-Control-Request-Headers, Origin",
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET,POST,HEAD,PUT,DELETE,PATCH",
}


def _preflight(wanted: str) -> Reply:
    """What a browser asks before it calls: any origin may, with whatever headers it names (contract 2)."""
    return Reply(204, {**_PREFLIGHT, **({"access-control-allow-headers": wanted} if wanted else {})})


class SandboxApp:
    """A ledger: `handle(method, target, headers, body)` gives its answer; nothing else is needed to use it."""

    def __init__(
        self,
        *,
        db: str = ":memory:",
        dialect: str = "v3.8",
        quirks: str = "all",
        defects: Sequence[str] = (),
        clock: Clock | None = None,
        rng: Random | None = None,
    ) -> None:
        chosen = DIALECTS[dialect]
        time = clock or SystemClock()
        self._rng = rng or Random(time.wall_ns())
        self._store = Store(db, clock=time, rng=self._rng)
        self.world = World(
            self._store,
            dialect=chosen,
            quirks=quirk_table.choose(quirks, dialect=dialect),
            defects=Planted(defects),
        )
        if self.world.defects.any:
            self.world.saboteur = Saboteur(self.world)
        self._told: set[str] = set()
        self._routes = tuple(routes(chosen))
        self._table = Table(self._routes, head_follows_get=chosen.head_follows_get)

    @property
    def dirty(self) -> bool:
        """Whether something was written that `commit` has not put on disk."""
        return self._store.database.writing

    @property
    def route_names(self) -> list[str]:
        """The names by which routes are spoken of, in the order of the table."""
        return list(dict.fromkeys(route.name for route in self._routes))

    def route_name(self, method: str, target: str) -> str:
        """The name of the route a request would reach; empty where there is none."""
        try:
            return self._table.find(method, target.partition("?")[0])[0].name
        except FrameworkRefusal:
            return ""

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One request, committed before it is answered. Header names are lower case."""
        reply = self.run(method, target, headers, body)
        self.commit()
        self.finish(reply)
        return reply

    def run(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One request of a group: its answer must be kept back until `commit`, and then told to `finish`."""
        path, _, query = target.partition("?")
        try:
            reply = self._answer(method, path, query, headers, body)
        except Refusal as refusal:
            reply = troubles.refused(self.world.dialect, refusal)
        except FrameworkRefusal as refusal:
            reply = troubles.framework(self.world.dialect, refusal)
        except BodyMissing:
            reply = troubles.bodiless(self.world.dialect)
        if path.endswith(("/transactions/dsl", "/transactions/dsl/")):
            reply.headers.update(deprecation_headers(path))
        reply.headers["x-request-id"] = headers.get("x-request-id") or self._request_id()
        if "origin" in headers:
            reply.headers["access-control-allow-origin"] = "*"
        if method == "HEAD" and reply.body:
            reply.headers["content-length"] = str(len(reply.body))
            reply.body = b""
        return reply

    def _answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers:
            return _preflight(headers.get("access-control-request-headers", ""))
        route, values = self._table.find(method, path)
        passes = self.world.dialect.false_passes
        call = Call(path=path, query_text=query, headers=headers, body=body, false_passes=passes)
        bind(self.world, call, route, values)
        return route.handler(self.world, call)

    def _request_id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def commit(self) -> None:
        """End a group: what was answered since the last call is on disk when this returns."""
        self._store.commit()

    def finish(self, reply: Reply) -> None:
        """An answer leaves: its key is no longer at work, from now on it is replayed (contract 6)."""
        if reply.mark is not None:
            self.world.at_work.discard(reply.mark)

    def abandon(self) -> Reply:
        """After a handler or the disk broke: undo the group; the answer every call of it gets instead of its own."""
        broken = sys.exception()
        if str(broken) not in self._told:  # each trouble once: a full disk meets every group
            self._told.add(str(broken))
            if isinstance(broken, StorageFailed):
                print(f"error: nothing can be written: {broken}", file=sys.stderr, flush=True)
            else:
                traceback.print_exc(file=sys.stderr)
        self._store.abandon()
        self.world.at_work.clear()
        return troubles.framework(self.world.dialect, troubles.BROKEN)

    def close(self) -> None:
        """Settle everything and close the file."""
        self.commit()
        self._store.close()
