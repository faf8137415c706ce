"""Routes beside the API: health, version, readiness (contract 2).

May import: demogen.sandbox.
"""

from __future__ import annotations

from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.world import World


def health(world: World, call: Call) -> Reply:  # noqa: ARG001 - a handler's shape
    """GET /health."""
    return Reply(200, {"content-type": "text/plain; charset=utf-8"}, b"healthy")


def version(world: World, call: Call) -> Reply:  # noqa: ARG001 - a handler's shape
    """GET /version."""
    dialect = world.dialect
    return answer(200, {"requestDate": world.now_text(), "version": dialect.version, **dialect.version_fields})


def readiness(world: World, call: Call) -> Reply:  # noqa: ARG001 - a handler's shape
    """GET /readyz."""
    checks = {name: {"status": "up", "latency_ms": 0, "tls": False} for name in world.dialect.readiness_checks}
    return answer(
        200,
        {"status": "healthy", "checks": checks, "version": world.dialect.version, "deployment_mode": "local"},
    )


def swagger_redirect(world: World, call: Call) -> Reply:  # noqa: ARG001 - a handler's shape
    """GET /swagger."""
    return Reply(301, {"location": "/swagger/index.html"})


def swagger(world: World, call: Call) -> Reply:
    """GET /swagger/doc.json: an empty description; the vendor's own is not ours to serve."""
    content = {"swagger": "2.0", "info": {"title": "Ledger sandbox", "version": world.dialect.version}, "paths": {}}
    if call.path.rstrip("/").endswith(".json"):
        return answer(200, content)
    return Reply(200, {"content-type": "text/html"}, b"<!doctype html><title>Ledger sandbox</title>")


def empty_list(world: World, call: Call) -> Reply:  # noqa: ARG001 - a handler's shape
    """Lists of newer versions that are always empty here (contract 13.4)."""
    shown: dict[str, object] = {"items": [], "limit": 10, "page": 1}
    if call.path.rstrip("/").endswith("packages"):
        shown["total"] = 0
    return answer(200, shown)
