"""Decides which handler a method and path reach, and what a path refuses (contract 2).

Path parts are not percent-decoded; ids among them are read here, malformed ones refused (0065). May import:
demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from demogen.sandbox.http import Call, Reply
from demogen.sandbox.ids import MalformedId
from demogen.sandbox.refusal import FrameworkRefusal, Refusal
from demogen.sandbox.world import World

Handler = Callable[[World, Call], Reply]
_METHOD_ORDER = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")  # the order of an Allow header
_ID_NAMES = """organization_id ledger_id asset_id portfolio_id segment_id account_id account_type_id balance_id
operation_id
    transaction_id operation_route_id transaction_route_id"""
_IDS = frozenset(_ID_NAMES.split())
_CHECKED_ONLY = frozenset({"external_id"})  # must be a UUID, but need not be one of ours


class Route(NamedTuple):
    """A method, a path template, and who answers."""

    method: str
    template: str
    handler: Handler
    name: str


class _Node:
    __slots__ = ("literals", "routes", "wild")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.wild: _Node | None = None
        self.routes: dict[str, Route] = {}


class Table:
    """All routes as a tree of path parts; a literal part, in any case, wins over a parameter."""

    def __init__(self, routes: Iterable[Route], *, head_follows_get: bool) -> None:
        self._root = _Node()
        self._head_follows_get = head_follows_get
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        nodes = [self._root]
        for part in route.template.strip("/").split("/"):
            node = nodes[-1]
            if part.startswith("{"):
                if node.wild is None:
                    node.wild = _Node()
                nodes.append(node.wild)
            else:
                nodes.append(node.literals.setdefault(part, _Node()))
        nodes[-1].routes[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, list[str]]:
        """The route and the values of its parameters; a FrameworkRefusal with 404 or 405 otherwise."""
        parts = path.removeprefix("/").rstrip("/").split("/")
        found = _walk(self._root, parts, 0, method)
        if found is None and method == "HEAD" and self._head_follows_get:
            found = _walk(self._root, parts, 0, "GET")
        if found is not None:
            return found
        others = {one for one in _METHOD_ORDER if _walk(self._root, parts, 0, one) is not None}
        if not others or (method == "HEAD" and "GET" in others):
            raise FrameworkRefusal(404, f"Cannot {method} {path}")
        if "GET" in others:
            others.add("HEAD")
        allow = ", ".join(one for one in _METHOD_ORDER if one in others)
        raise FrameworkRefusal(405, "Method Not Allowed", allow=allow)


def _walk(node: _Node, parts: list[str], place: int, method: str) -> tuple[Route, list[str]] | None:
    """The first route with this method, literal parts before parameters."""
    if place == len(parts):
        route = node.routes.get(method)
        return None if route is None else (route, [])
    part = parts[place]
    literal = node.literals.get(part.lower())
    if literal is not None:
        found = _walk(literal, parts, place + 1, method)
        if found is not None:
            return found
    if node.wild is not None and part:
        found = _walk(node.wild, parts, place + 1, method)
        if found is not None:
            return found[0], [part, *found[1]]
    return None


def bind(world: World, call: Call, route: Route, values: list[str]) -> None:
    """Put path parameters into a call, ids resolved."""
    if not values:
        return
    names = [part[1:-1] for part in route.template.split("/") if part.startswith("{")]
    read = world.read_id
    for name, value in zip(names, values, strict=True):
        call.parameters[name] = value
        if name in _IDS:
            try:
                call.keys[name] = read(value)
            except MalformedId as error:
                raise Refusal("0065", plain=True, detail=f"The path parameter {name} is not a UUID.") from error
        elif name in _CHECKED_ONLY:
            try:
                read(value)
            except MalformedId as error:
                raise Refusal("0065", plain=True, detail=f"The path parameter {name} is not a UUID.") from error
