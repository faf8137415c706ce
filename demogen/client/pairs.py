"""What was asked and what was answered, in pairs, for who debugs: secrets masked, bodies cut, so many a second.

Silent unless the logger `demogen.pairs` is at level debug, and then nothing that proves who we are is in it: not the
token, nor what looks like one in a header, a query, a form, a JSON body or plain text. May import: `transport`,
contract, clock.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

from demogen.client.transport import Carrier, Delivery
from demogen.clock import NS_PER_MS, NS_PER_S, Clock
from demogen.contract.exchange import Fault, Request, Response

log = logging.getLogger("demogen.pairs")

MASK = "********"
#: A longer body, or header block, is cut there.
TEXT_MAX = 2_000
#: Further pairs of the same second are only counted.
PAIRS_PER_S = 100

_NAME = r"[\w.-]*(?:token|secret|passw|pwd|authorization|api[-_]?key|credential|cookie|session|private[-_]?key)[\w.-]*"
#: Keys that hold one of these words without holding a secret.
_HARMLESS = r"(?!token_type|expires)"
_VALUE = r'"(?:[^"\\]|\\.)*(?:"|$)|[\d.eE+-]+|\{[^{}]*\}|\[[^\[\]]*\]'
_MASKED = (
    # Header lines, to the end of the line.
    (re.compile(rf"(?im)^({_HARMLESS}{_NAME}[ \t]*:[ \t]*)[^\r\n]+"), rf"\1{MASK}"),
    # JSON: a string, a number, or a flat list or object; a body that is no whole JSON may lack the closing quote.
    (re.compile(rf'(?i)("{_HARMLESS}{_NAME}"\s*:\s*)(?:{_VALUE})'), rf'\1"{MASK}"'),
    # Queries and forms.
    (re.compile(rf"(?i)((?:^|[?&\s]){_HARMLESS}{_NAME}=)[^&\s]+"), rf"\1{MASK}"),
    # Wherever else: a scheme with its credentials, and what has the shape of a signed token.
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{4,}"), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), MASK),
)


def wanted() -> bool:
    """Whether anybody is to see pairs."""
    return log.isEnabledFor(logging.DEBUG)


def masked(text: str, *, secrets: Sequence[str] = ()) -> str:
    """The text without anything that proves who somebody is; `secrets` are masked wherever they stand."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, MASK)
    for pattern, instead in _MASKED:
        text = pattern.sub(instead, text)
    return text


def pair(request: Request, answer: Response | Fault, *, took_ns: int, secrets: Sequence[str] = ()) -> str:
    """Request and answer as text of a few lines, like those on the wire."""
    # Masked before it is cut: a secret cut in half would not be known for one.
    asked = [f"{request.method.decode()} {request.target.decode('latin-1')}"]
    asked += [f"X-Idempotency: {request.key.decode()}"] if request.key else []
    asked += ["Authorization: Bearer"] if any(secrets) else []
    asked += request.headers.decode("latin-1").splitlines()
    told = [f"{answer.label}: {answer.says}"] if isinstance(answer, Fault) else [f"{answer.status}"]
    body = b""
    if not isinstance(answer, Fault):
        told += answer.head.decode("latin-1").splitlines()
        body = answer.body
    took = f"  ({took_ns / NS_PER_MS:.2f} ms)"
    return "\n".join([*_lines("> ", asked, request.body, secrets), *_lines("< ", told, body, secrets), took])


def _lines(sign: str, head: Sequence[str], body: bytes, secrets: Sequence[str]) -> list[str]:
    texts = [_cut(masked("\n".join(head), secrets=secrets))]
    if body:
        texts.append(_cut(masked(body.decode("utf-8", "replace"), secrets=secrets)))
    return [f"{sign}{line}" for text in texts for line in text.splitlines()]


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]} … {len(text) - TEXT_MAX:,} more characters"


def tell(request: Request, answer: Response | Fault, *, took_ns: int, secrets: Sequence[str] = ()) -> None:
    """Log one pair."""
    log.debug("%s", pair(request, answer, took_ns=took_ns, secrets=secrets))


class Ration:
    """So many pairs a second; of the others it is told how many they were."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._told = self._left_out = 0

    def tell(self, request: Request, answer: Response | Fault, *, took_ns: int, secrets: Sequence[str]) -> None:
        """Log the pair, if there is room for it."""
        second = self._clock.now_ns() // NS_PER_S
        if second != self._second:
            self.settle()
            self._second, self._told = second, 0
        if self._told >= PAIRS_PER_S:
            self._left_out += 1
            return
        self._told += 1
        tell(request, answer, took_ns=took_ns, secrets=secrets)

    def settle(self) -> None:
        """Say what was left out so far."""
        if self._left_out:
            log.debug("%d more pairs in that second", self._left_out)
            self._left_out = 0


class TalkativeCarrier:
    """A Carrier around another that tells each pair. `token` tells the bearer token of the moment, "" without one."""

    def __init__(self, carrier: Carrier, *, clock: Clock, token: Callable[[], str]) -> None:
        self._carrier = carrier
        self._ration = Ration(clock)
        self._token = token
        self._asked: dict[int, Request] = {}

    @property
    def in_flight(self) -> int:
        return self._carrier.in_flight

    def offer(self, request: Request, ticket: object, deadline_ns: int) -> bool:
        taken = self._carrier.offer(request, ticket, deadline_ns)
        if taken:
            self._asked[id(ticket)] = request
        return taken

    def launch(self) -> None:
        self._carrier.launch()

    def collect(self, until_ns: int) -> Sequence[Delivery]:
        deliveries = self._carrier.collect(until_ns)
        for ticket, answer, sent_ns, answered_ns in deliveries:
            request = self._asked.pop(id(ticket), None)
            if request is not None:
                took_ns = answered_ns - sent_ns if sent_ns else 0
                self._ration.tell(request, answer, took_ns=took_ns, secrets=(self._token(),))
        return deliveries

    def open(self, count: int) -> None:
        self._carrier.open(count)

    def close(self) -> None:
        self._ration.settle()
        self._carrier.close()


def talkative(carrier: Carrier, *, clock: Clock, token: str | Callable[[], str] | None) -> Carrier:
    """The same carrier, which tells its pairs where somebody debugs; else untouched, and as fast."""
    if not wanted():
        return carrier
    return TalkativeCarrier(carrier, clock=clock, token=token if callable(token) else lambda: token or "")
