"""Decides nothing: carries a refusal from where a rule broke to where the answer is written (contract 10).

May import: nothing from demogen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """The ledger says no, with a code of the catalogue.

    `entity` is what newer versions name as `entityType`; `fields` maps the last name of a field to its sentence;
    `echo` is the unexpected part of the body; `plain` answers never use the problem media type.
    """

    def __init__(
        self,
        code: str,
        *,
        entity: str = "",
        detail: str = "",
        fields: Mapping[str, str] | None = None,
        echo: Mapping[str, Any] | None = None,
        plain: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.entity = entity
        self.detail = detail
        self.fields = fields
        self.echo = echo
        self.plain = plain
        self.headers: Mapping[str, str] = {}


class FrameworkRefusal(Exception):
    """The web framework says no before any handler runs, or a handler broke: a numeric code (contract 10)."""

    def __init__(self, status: int, message: str, *, allow: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.allow = allow


class BodyMissing(Exception):
    """A body was expected and none came; versions answer this differently (contract 13.2)."""


class ConnectionCut(Exception):
    """The server drops the connection instead of answering (a body over 4 MiB, contract 2.1)."""
