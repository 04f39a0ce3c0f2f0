"""Stores that hang: a directory whose files cannot be opened, and a service that accepts and never answers."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def hanging_files(folder: Path) -> Iterator[None]:
    """Meanwhile whoever opens a file below `folder` waits, as on a mount whose server is gone: each is a named pipe to
    which nobody writes. At the end everybody goes on."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        path.rename(path.with_name(f".{path.name}"))
        os.mkfifo(path)
    try:
        yield
    finally:
        for path in files:
            path.with_name(f".{path.name}").replace(held := path.with_name(f"{path.name}.whole"))
            pipe = path.rename(path.with_name(f".{path.name}"))
            held.rename(path)
            os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
            pipe.unlink()


@contextmanager
def silent_service() -> Iterator[str]:
    """The address of a service that takes every connection and says nothing."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:

        def take() -> None:
            while True:
                try:
                    taken.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    for each in taken:
        each.close()
