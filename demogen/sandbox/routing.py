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
    __slots__ = ("literals", "parameter", "routes", "wild")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.wild: _Node | None = None
        self.parameter = ""
        self.routes: dict[str, Route] = {}


class Table:
    """All routes as a tree of path parts; a literal part wins over a parameter."""

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
        parts = path.strip("/").split("/")
        found = _walk(self._root, parts, 0)
        if found is None:
            raise FrameworkRefusal(404, f"Cannot {method} {path}")
        node, values = found
        route = node.routes.get(method)
        if route is None and method == "HEAD" and "GET" in node.routes:
            if not self._head_follows_get:
                raise FrameworkRefusal(404, f"Cannot {method} {path}")
            route = node.routes["GET"]
        if route is None:
            raise FrameworkRefusal(405, "Method Not Allowed", allow=_allow(node))
        return route, values


def _walk(node: _Node, parts: list[str], place: int) -> tuple[_Node, list[str]] | None:
    if place == len(parts):
        return (node, []) if node.routes else None
    part = parts[place]
    literal = node.literals.get(part)
    if literal is not None:
        found = _walk(literal, parts, place + 1)
        if found is not None:
            return found
    if node.wild is not None and part:
        found = _walk(node.wild, parts, place + 1)
        if found is not None:
            return found[0], [part, *found[1]]
    return None


def _allow(node: _Node) -> str:
    methods = set(node.routes)
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(method for method in _METHOD_ORDER if method in methods)


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
