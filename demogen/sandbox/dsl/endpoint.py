"""POST L/transactions/dsl: the multipart form around a DSL file (contract 9).

May import: demogen.sandbox.
"""

from __future__ import annotations

import re

from demogen.sandbox.dsl.parser import Syntax, parse
from demogen.sandbox.engine.creation import create
from demogen.sandbox.engine.order import Order
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.query import read_paging
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.world import World

_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
SUNSET = "Sat, 01 Aug 2026 00:00:00 GMT"


def deprecation_headers(path: str) -> dict[str, str]:
    """What every answer of this endpoint carries, errors included (contract 2)."""
    successor = path.rstrip("/").removesuffix("dsl") + "json"
    return {
        "deprecation": "true",
        "sunset": SUNSET,
        "link": f'<{successor}>; rel="successor-version"',
    }


def post(world: World, call: Call) -> Reply:
    """Read the file, then go on as for a JSON body."""
    try:
        read_paging(call.query)
        return create(world, call, _order(world, _file(call)))
    except Refusal as refusal:
        refusal.plain = True
        raise


def _order(world: World, content: bytes) -> Order:
    if not content:
        raise Refusal("0049")
    try:
        return parse(content.decode(), keeps_scale=not world.quirks["dsl-drops-scale"])
    except (Syntax, UnicodeDecodeError) as error:
        raise Refusal("0048", entity="Transaction", detail=f"The DSL file cannot be read: {error}") from error


def _file(call: Call) -> bytes:
    """The content of the form's file field `dsl`, whose name must contain .gold."""
    match = _BOUNDARY.search(call.headers.get("content-type", ""))
    if match is None:
        raise Refusal("0048")
    for name, filename, content in _parts(call.body, match.group(1).encode()):
        if name == "dsl" and filename is not None:
            if ".gold" not in filename:
                raise Refusal("0048", detail=f"The DSL file must be a .gold file and not {filename}.")
            return content
    raise Refusal("0048")


def _parts(body: bytes, boundary: bytes) -> list[tuple[str, str | None, bytes]]:
    parts = []
    for chunk in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if chunk.startswith(b"--"):
            break
        head, _, content = chunk.partition(b"\r\n\r\n")
        disposition = next(
            (line for line in head.decode("utf-8", "replace").split("\r\n")
             if line.lower().startswith("content-disposition")), "",
        )  # fmt: skip
        parameters = dict(_PARAMETER.findall(disposition))
        parts.append((parameters.get("name", ""), parameters.get("filename"), content))
    return parts
