"""`/_sandbox`: reading and turning controls while the server runs. Off by default, and for loopback only.

May import: demogen.errors, demogen.sandbox.
"""

from __future__ import annotations

from dataclasses import asdict

import msgspec

from demogen.errors import UsageError
from demogen.sandbox.app import SandboxApp
from demogen.sandbox.controls.gate import Gate
from demogen.sandbox.http import Reply, answer

PREFIX = "/_sandbox"


class Panel:
    """GET and PATCH /_sandbox/controls, POST /_sandbox/stall, GET /_sandbox/routes and /_sandbox/defects."""

    def __init__(self, app: SandboxApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    def handle(self, method: str, path: str, body: bytes) -> Reply:
        """One request of a loopback client."""
        place = method, path.removeprefix(PREFIX).rstrip("/")
        try:
            if place == ("PATCH", "/controls"):
                self._turn(msgspec.json.decode(body))
            elif place == ("POST", "/stall"):
                self._gate.stall(msgspec.json.decode(body)["for"])
            elif place == ("GET", "/routes"):
                return answer(200, self._app.route_names)
            elif place == ("GET", "/defects"):
                return answer(200, self._app.world.defects.struck)
            elif place != ("GET", "/controls"):
                return answer(404, {"message": "known: /controls, /stall, /routes, /defects"})
        except UsageError as error:
            return answer(400, {"message": error.message, "hint": error.hint})
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
            return answer(400, {"message": "the body is not what is expected here"})
        return answer(200, asdict(self._gate.controls))

    def _turn(self, changes: dict[str, object]) -> None:
        self._gate.turn(self._gate.controls.turned(changes))
        self._app.world.lag_us = self._gate.lag_us
