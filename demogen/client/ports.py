"""Whether a port of this machine can still be taken. May import: nothing from demogen."""

from __future__ import annotations

import socket


def port_trouble(port: int, *, host: str = "127.0.0.1") -> str:
    """Why nothing can listen on `port` now; empty where it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""
