"""A cable between a client and a server on this machine, which a test can cut and mend, or freeze."""

import contextlib
import select
import socket
import threading


class Cable:
    """Listens on `port` and passes everything on to `target`. Cut, it breaks every connection and takes no new one."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._whole = True
        self.refused = 0
        """How often somebody tried to connect while it was cut."""
        self._frozen: dict[str, threading.Event] = {}
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut(self) -> None:
        self._whole = False
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                _break(end)

    def mend(self) -> None:
        self._whole = True

    def freeze(self, direction: str = "both") -> None:
        """Nothing passes any more, and no connection breaks: the other side hangs. Or only `requests`, or `answers`."""
        for each in ("requests", "answers") if direction == "both" else (direction,):
            self._frozen[each] = threading.Event()

    def thaw(self) -> None:
        frozen, self._frozen = self._frozen, {}
        for each in frozen.values():
            each.set()

    def close(self) -> None:
        self.thaw()
        _break(self._listener)
        self._accepting.join(5)
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole:
                self.refused += 1
                _break(client)
                continue
            pair = (client, socket.create_connection(self._target))
            with self._lock:
                self._pairs.add(pair)
            threading.Thread(target=self._carry, args=(pair,), daemon=True).start()

    def _carry(self, pair: tuple[socket.socket, socket.socket]) -> None:
        other = {pair[0]: pair[1], pair[1]: pair[0]}
        try:
            while True:
                for end in select.select(pair, (), ())[0]:
                    data = end.recv(65_536)
                    if not data:
                        return
                    frozen = self._frozen.get("requests" if end is pair[0] else "answers")
                    if frozen is not None:
                        frozen.wait()
                    other[end].sendall(data)
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                self._pairs.discard(pair)
            for end in pair:
                _break(end)


def _break(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
