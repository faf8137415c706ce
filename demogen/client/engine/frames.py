"""The quick way to the bytes of the commonest requests: here there is none, and `endpoint` frames everything.

Where a C compiler was at hand, `frames.pyx` stands in for this file and frames byte for byte as `endpoint` does.
May import: `contract.exchange`.
"""

from __future__ import annotations

from demogen.contract.exchange import Request


def everyday_frame(request: Request, prefix: bytes, between: bytes, between_json: bytes) -> bytes | None:  # noqa: ARG001
    """The bytes of a request without a body or with JSON; None where it takes `endpoint` to frame it.

    `prefix` stands before the target, `between` after it; `between_json` goes on as far as the body's length.
    """
    return None
