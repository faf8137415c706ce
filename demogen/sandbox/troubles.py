"""How a refusal is written: the three shapes of v3.8.0 and the problem details of v4 (contract 10, 13.2).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.catalogue import CATALOGUE
from demogen.sandbox.dialect import Dialect
from demogen.sandbox.http import JSON_TYPE, Reply, answer
from demogen.sandbox.refusal import FrameworkRefusal, Refusal

_PROBLEM_TYPE = "application/problem+json"
_PROBLEMS = "https://errors.lerian.studio/v1/"
_ENTITY_ON_V38 = ("0143", "0144", "0145")
BROKEN = FrameworkRefusal(500, "An internal error occurred")


def refused(dialect: Dialect, refusal: Refusal) -> Reply:
    """A refusal with a code of the catalogue."""
    if refusal.code == "0046" and not dialect.problem_details:
        return framework(dialect, BROKEN)
    rule = CATALOGUE[refusal.code]
    status = dialect.statuses.get(refusal.code, rule.status)
    refusal.code = dialect.codes.get(refusal.code, refusal.code)
    detail = refusal.detail or rule.sentence
    if dialect.problem_details:
        reply = _problem(refusal, status, rule.title, detail)
    else:
        reply = _flat(refusal, status, rule.title, detail)
    if dialect.replay_header_on_refusals or refusal.plain:
        reply.headers.update(refusal.headers)
    return reply


def _flat(refusal: Refusal, status: int, title: str, detail: str) -> Reply:
    body: dict[str, Any] = {"code": refusal.code, "title": title, "message": detail}
    if refusal.fields is not None:
        body["fields"] = refusal.fields
    if refusal.echo is not None:
        body["fields"] = refusal.echo
    if refusal.code in _ENTITY_ON_V38:
        body["entityType"] = refusal.entity
    return answer(status, body)


def _problem(refusal: Refusal, status: int, title: str, detail: str) -> Reply:
    body: dict[str, Any] = {"type": _PROBLEMS + refusal.code, "title": title, "status": status, "detail": detail}
    if refusal.fields is not None:
        body["errors"] = [{"message": text, "location": name} for name, text in refusal.fields.items()]
    if refusal.echo is not None:
        body["errors"] = [
            {"message": "not expected here; see the fields object", "location": name, "value": part}
            for name, part in refusal.echo.items()
        ]
    body["code"] = refusal.code
    if refusal.entity:
        body["entityType"] = refusal.entity
    reply = answer(status, body)
    reply.headers["content-type"] = JSON_TYPE if refusal.plain else _PROBLEM_TYPE
    return reply


def framework(dialect: Dialect, refusal: FrameworkRefusal) -> Reply:
    """What the web framework answers itself: numeric codes, or their successors."""
    if dialect.problem_details:
        code = {404: "0484", 405: "0485"}.get(refusal.status, "0046")
        reply = _problem(Refusal(code, plain=True), refusal.status, CATALOGUE[code].title, CATALOGUE[code].sentence)
    else:
        reply = answer(refusal.status, {"code": refusal.status, "title": "request_failed", "message": refusal.message})
    if refusal.allow:
        reply.headers["allow"] = refusal.allow
    return reply


def bodiless(dialect: Dialect) -> Reply:
    """No body where one was expected."""
    if not dialect.problem_details:
        return refused(dialect, Refusal("0094"))
    reply = answer(400, {"title": "Bad Request", "status": 400, "detail": "a request body is required"})
    reply.headers["content-type"] = _PROBLEM_TYPE
    return reply
