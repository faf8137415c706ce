"""TLS as a transformation of bytes: plain in, cipher out, no socket in sight.

An SSLObject over two memory buffers, so that one epoll serves plain and TLS connections alike and nothing depends on
which socket class is in use. Certificates are always checked; an own authority and a client certificate may be given.
May import: `errors`.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from demogen.errors import UsageError

_READ_BYTES = 256 * 1024


#: Certificate file and key file, PEM; None where the key is in the certificate file.
ClientCertificate = tuple[str | Path, str | Path | None]


def tls_context(*, ca_file: str | Path | None = None, client_cert: ClientCertificate | None = None) -> ssl.SSLContext:
    """A checking context. Raises UsageError on unusable files."""
    for path in (ca_file, *(client_cert or ())):
        if path is not None and not Path(path).is_file():
            raise UsageError(f"there is no file {path}", hint="name a PEM file for --ca-file or --client-cert")
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if client_cert is not None:
            context.load_cert_chain(*client_cert)
    except (ssl.SSLError, OSError) as error:
        raise UsageError(
            f"cannot use the TLS files given: {error}", hint="they must be PEM, the key without a passphrase"
        ) from error
    return context


class Channel:
    """One TLS connection's two directions. Every method raises ssl.SSLError where the peer breaks the protocol."""

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self.closed = False

    def handshake(self, cipher: bytes = b"") -> bool:
        """Take what the peer sent; True once the handshake is done. Send `pending` in either case."""
        self._incoming.write(cipher)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def pending(self) -> bytes:
        """Cipher that must go to the peer."""
        return self._outgoing.read()

    def seal(self, plain: bytes) -> bytes:
        """Cipher for `plain`, and whatever else was pending."""
        self._tls.write(plain)
        return self._outgoing.read()

    def unseal(self, cipher: bytes) -> bytes:
        """All plain text that is complete now, perhaps none. Sets `closed` where the peer said good-bye."""
        self._incoming.write(cipher)
        pieces: list[bytes] = []
        try:
            while piece := self._tls.read(_READ_BYTES):
                pieces.append(piece)
            self.closed = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.closed = True
        return b"".join(pieces)
