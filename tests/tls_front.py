"""TLS in front of a PostgreSQL that was built without it: to clients it is a server that demands encryption."""

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from tests.certificates import Certificates

ASKS_FOR_TLS = (80_877_103).to_bytes(4)
ASKS_FOR_GSS = (80_877_104).to_bytes(4)


class TlsFront:
    """Passes on what comes encrypted. Whoever comes in the clear is sent away."""

    def __init__(self, url: str, certificates: Certificates, *, authority: Path | None = None) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._context = certificates.server()
        if authority is not None:
            self._context.load_verify_locations(authority)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            asked = client.recv(8)[4:]
            while asked == ASKS_FOR_GSS:
                client.sendall(b"N")
                asked = client.recv(8)[4:]
            if asked != ASKS_FOR_TLS:
                client.sendall(b"E" + _error("28000", "connections must be encrypted"))
                return
            client.sendall(b"S")
            encrypted = self._context.wrap_socket(client, server_side=True)
            with encrypted, socket.create_connection(self._target) as server:
                back = threading.Thread(target=_pass, args=(server, encrypted), daemon=True)
                back.start()
                _pass(encrypted, server)
                back.join()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _error(code: str, message: str) -> bytes:
    body = b"SFATAL\0VFATAL\0C%b\0M%b\0\0" % (code.encode(), message.encode())
    return (len(body) + 4).to_bytes(4) + body
