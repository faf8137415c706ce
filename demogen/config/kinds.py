"""What a value from outside may look like: spans of time, lists, addresses, presets. Each refusal says what to write.

Raises ValueError, which pydantic turns into a problem with its location. May import: nothing from demogen.
"""

from __future__ import annotations

import difflib
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

PRESETS = ("small", "medium", "large", "xlarge")
#: No preset: every size from flags or a spec file.
CUSTOM = "custom"

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(value: object) -> object:
    """`30s`, `5m`, `1h30m`, `250ms` or plain seconds, as seconds; what is none of these is left to be refused."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    spans = _SPAN.findall(text)
    if spans and "".join(number + unit for number, unit in spans) == text:
        return sum(float(number) * _UNITS_S[unit] for number, unit in spans)
    try:
        return float(text)
    except ValueError:
        raise ValueError("is no span of time: write 30s, 5m, 1h30m or seconds") from None


def share(value: object) -> object:
    """`5%` as 0.05; anything else as it is."""
    return float(value[:-1]) / 100 if isinstance(value, str) and value.endswith("%") else value


def listed(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def preset(value: object) -> object:
    if value in PRESETS or value == CUSTOM:
        return value
    close = difflib.get_close_matches(str(value), PRESETS, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    raise ValueError(f"there is no such preset: choose one of {', '.join(PRESETS)}, {CUSTOM}{meant}")


def url(value: object) -> object:
    parts = urlsplit(str(value).strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address: write http://HOST:PORT, for example http://127.0.0.1:3002")
    if parts.username or parts.password:
        raise ValueError("must not carry a password: use --token, which is never printed")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("has a port that is no number between 0 and 65535") from None
    return str(value).strip().rstrip("/")


Span = Annotated[float, BeforeValidator(seconds)]
Names = Annotated[tuple[str, ...], BeforeValidator(listed)]
Count = Annotated[int, Field(ge=0)]
Url = Annotated[str, BeforeValidator(url)]
Preset = Annotated[str, BeforeValidator(preset)]
