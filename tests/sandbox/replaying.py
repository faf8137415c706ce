"""Replays recorded exchanges of real servers against any `send`, and says what differs (tests/recordings).

A recording is JSON: steps of request and response. Requests may hold `{{label.path}}` of an earlier live answer,
`{{run}}` and `{{now±s}}`. Expected strings like `<uuid>` match by type, `{{label.path}}` by that live value.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

RECORDINGS = Path(__file__).parent.parent / "recordings"
_TEMPLATE = re.compile(r"\{\{([^{}]+)\}\}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ARRAY = re.compile(r"<array:(\d+)>")
_ABSENT = object()
_TYPES: dict[str, Callable[[Any], bool]] = {
    "<uuid>": lambda value: isinstance(value, str) and _UUID.fullmatch(value) is not None,
    "<timestamp>": lambda value: isinstance(value, str) and _MOMENT.fullmatch(value) is not None,
    "<cursor>": lambda value: isinstance(value, str) and bool(value),
    "<string>": lambda value: isinstance(value, str),
    "<number>": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "<any>": lambda value: True,
}


class Answer(NamedTuple):
    """What came back: header names in lower case, the body decoded where it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


Send = Callable[[str, str, dict[str, str], bytes], Answer]
Wait = Callable[[float], None]


class Step(NamedTuple):
    """One replayed exchange and what differed; nothing when it passed."""

    label: str
    differences: list[str]


def recordings(version: str) -> list[Path]:
    return sorted((RECORDINGS / version).glob("*.json"))


def decoded(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


class Replay:
    """One recording against one server."""

    def __init__(self, path: Path, send: Send, *, run: str, wait: Wait) -> None:
        self._recording = json.loads(path.read_text(encoding="utf-8"))
        self._send = send
        self._run = run
        self._wait = wait
        self._live: dict[str, Any] = {}

    def steps(self) -> Iterator[Step]:
        for step in self._recording["steps"]:
            self._wait(step.get("wait_ms", 0) / 1000)
            yield Step(step["label"], self._one(step))

    def _one(self, step: dict[str, Any]) -> list[str]:
        asked, expected = step["request"], step["response"]
        headers = {name.lower(): value for name, value in self._fill(asked.get("headers") or {}).items()}
        body = _encoded(self._fill(asked.get("body")), headers)
        answer = self._send(asked["method"], self._fill(asked["path"]), headers, body)
        self._live[step["label"]] = answer.body
        differences: list[str] = []
        if answer.status != expected["status"]:
            differences.append(f"status {answer.status} is not {expected['status']}: {answer.body}")
        for name, value in (expected.get("headers") or {}).items():
            differences += self._compare(value, answer.headers.get(name.lower(), _ABSENT), f"header {name}")
        if "body" in expected:
            differences += self._compare(expected["body"], answer.body, "body")
        return differences

    def _value(self, expression: str) -> Any:
        if expression == "run":
            return self._run
        now = re.fullmatch(r"now([+-]\d+)?", expression)
        if now:
            when = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=int(now[1] or 0))
            return when.strftime("%Y-%m-%dT%H:%M:%SZ")
        label, _, path = expression.partition(".")
        value = self._live[label]
        for part in path.split(".") if path else []:
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value

    def _fill(self, node: Any) -> Any:
        if isinstance(node, str):
            whole = _TEMPLATE.fullmatch(node)
            return self._value(whole[1]) if whole else _TEMPLATE.sub(lambda found: str(self._value(found[1])), node)
        if isinstance(node, list):
            return [self._fill(item) for item in node]
        if isinstance(node, dict):
            return {name: self._fill(value) for name, value in node.items()}
        return node

    def _compare(self, expected: Any, actual: Any, path: str) -> list[str]:
        if isinstance(expected, str):
            return self._compare_text(expected, actual, path)
        if isinstance(expected, dict):
            return self._compare_object(expected, actual, path)
        if isinstance(expected, list):
            if not isinstance(actual, list) or len(actual) != len(expected):
                return [f"{path}: {actual!r} is not {expected!r}"]
            pairs = enumerate(zip(expected, actual, strict=True))
            return [line for index, (one, two) in pairs for line in self._compare(one, two, f"{path}[{index}]")]
        same = actual is not _ABSENT and isinstance(expected, bool) == isinstance(actual, bool) and expected == actual
        return [] if same else [f"{path}: {actual!r} is not {expected!r}"]

    def _compare_text(self, expected: str, actual: Any, path: str) -> list[str]:
        array = _ARRAY.fullmatch(expected)
        if expected in _TYPES:
            fits = actual is not _ABSENT and _TYPES[expected](actual)
        elif array:
            fits = isinstance(actual, list) and len(actual) == int(array[1])
        else:
            wanted = self._fill(expected)
            fits = wanted == actual and type(wanted) is type(actual)
        return [] if fits else [f"{path}: {actual!r} is not {expected!r}"]

    def _compare_object(self, expected: dict[str, Any], actual: Any, path: str) -> list[str]:
        partial = set(expected) == {"$partial"}
        wanted = expected["$partial"] if partial else expected
        if not isinstance(actual, dict):
            return [f"{path}: {actual!r} is not an object"]
        lines = [
            line
            for name, value in wanted.items()
            for line in self._compare(value, actual.get(name, _ABSENT), f"{path}.{name}")
        ]
        if not partial:
            lines += [f"{path}.{name}: unexpected {actual[name]!r}" for name in actual if name not in wanted]
        return lines


def _encoded(body: Any, headers: dict[str, str]) -> bytes:
    if body is None:
        return b""
    if isinstance(body, dict) and "$raw" in body:
        return str(body["$raw"]).encode()
    if isinstance(body, dict) and "$multipart" in body:
        headers["content-type"] = "multipart/form-data; boundary=recorded-form"
        return _form(body["$multipart"], "recorded-form")
    headers.setdefault("content-type", "application/json")
    return json.dumps(body).encode()


def _form(parts: list[dict[str, str]], boundary: str) -> bytes:
    text = ""
    for part in parts:
        disposition = f'form-data; name="{part["name"]}"'
        if part.get("filename") is not None:
            disposition += f'; filename="{part["filename"]}"'
        kind = part.get("content_type", "application/octet-stream")
        text += f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {kind}\r\n\r\n"
        text += f"{part['content']}\r\n"
    return (text + f"--{boundary}--\r\n").encode()
