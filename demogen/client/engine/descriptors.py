"""Bytes from and to a descriptor that does not block: one system call, nothing else.

Both raise OSError as the kernel says; BlockingIOError where it would have to wait. Where a C compiler was at hand,
`descriptors.pyx` stands in for this file. May import: nothing from demogen.
"""

from __future__ import annotations

import os

RECV_BYTES = 16 * 1024  # most answers fit, and a larger buffer costs malloc more than reading twice


def receive(fd: int) -> bytes:
    """What is there, RECV_BYTES of it at most; empty at the end."""
    return os.read(fd, RECV_BYTES)


def transmit(fd: int, data: bytes) -> int:
    """How much of `data` the kernel took."""
    return os.write(fd, data)
