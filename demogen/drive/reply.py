"""What ordinary task code gets back: the shape of Locust's own responses, read lazily from an answer of the engine.

May import: locust, contract, client.classify.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import TracebackType
from typing import Any

from locust.exception import CatchResponseError, LocustError, ResponseError

from demogen.client.classify import error_code
from demogen.contract.exchange import Fault, Request, Response


class NoAnswer(LocustError):
    """No answer came; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.label.replace("_", " "))
        self.fault = fault


class NoFreeConnection(LocustError):
    """All connections were in use until the time was up; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("no free connection")


class Headers(Mapping[str, str]):
    """Header lines by name, in any case; the first of several wins."""

    def __init__(self, head: bytes) -> None:
        self._lines: dict[str, tuple[str, str]] = {}
        for line in head.decode("latin-1").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                self._lines.setdefault(name.strip().lower(), (name.strip(), value.strip()))

    def __getitem__(self, name: str) -> str:
        return self._lines[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._lines.values())

    def __len__(self) -> int:
        return len(self._lines)


class Reply:
    """An answer, or why there is none (`status_code` 0, `error`). In a with-block it is reported at the block's end.

    `elapsed_ns` runs from asked to answered. `report` is called once, with what went wrong or None.
    """

    def __init__(
        self,
        request: Request,
        result: Response | Exception,
        *,
        elapsed_ns: int,
        caught: bool,
        report: Callable[[Reply, Exception | None], None],
    ) -> None:
        response = result if isinstance(result, Response) else None
        self.request = request
        self.elapsed_ns = elapsed_ns
        self.status_code: int = response.status if response is not None else 0
        self.content: bytes | None = response.body if response is not None else None
        self.error: Exception | None = None if isinstance(result, Response) else result
        self._head = response.head if response is not None else b""
        self._caught = caught
        self._report = report
        self._entered = False
        self._judged: Exception | bool | None = None
        if not caught:
            report(self, self.problem())

    @property
    def ok(self) -> bool:
        return 200 <= self.status_code < 400

    @cached_property
    def headers(self) -> Headers:
        return Headers(self._head)

    @property
    def url(self) -> str:
        return self.request.target.decode("ascii")

    @property
    def text(self) -> str | None:
        return None if self.content is None else self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The decoded body. Raises json.JSONDecodeError where it is none."""
        return json.loads(self.content or b"")

    def raise_for_status(self) -> None:
        """Raise what went wrong, if anything did."""
        if (problem := self.problem()) is not None:
            raise problem

    def problem(self) -> Exception | None:
        """What went wrong, so few different texts that they may be counted; None where nothing did."""
        if self.error is not None:
            return self.error
        if self.ok:
            return None
        code = error_code(self.content or b"")
        return CatchResponseError(f"{self.status_code} {code}".rstrip())

    def success(self) -> None:
        """Count it as a success, whatever the status says."""
        self._judge(True)

    def failure(self, reason: Exception | str) -> None:
        """Count it as a failure for that reason."""
        self._judge(reason if isinstance(reason, Exception) else CatchResponseError(reason))

    def _judge(self, verdict: Exception | bool) -> None:  # noqa: FBT001  (a verdict, not a switch)
        if not self._entered:
            raise LocustError("a reply is judged inside a with-block: with client.get(…, catch_response=True) as reply")
        self._judged = verdict

    def __enter__(self) -> Reply:
        if not self._caught:
            raise LocustError("to use a with-block, pass catch_response=True")
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """As Locust's own: a judgement stands, ResponseError counts as a failure, any other exception passes."""
        if self._judged is not None:
            self._report(self, None if self._judged is True else self._judged)  # type: ignore[arg-type]
            return kind is None
        if raised is None:
            self._report(self, self.problem())
        elif isinstance(raised, ResponseError):
            self._report(self, raised)
        else:
            return False
        return True
