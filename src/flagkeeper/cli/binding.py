"""Taking an address, before anything is started that would be in vain without it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import uvicorn

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.settings import Settings


def bind(settings: Settings, port: int) -> Any:
    """A socket that is bound there, and does not listen yet.

    Raises:
        Unavailable: it could not be bound.
    """
    with _own_words(msgspec.structs.replace(settings, port=port)):
        return uvicorn.Config("", host=settings.host, port=port, log_config=None).bind_socket()


@contextmanager
def _own_words(settings: Settings) -> Iterator[None]:
    """Makes an error of what uvicorn does when it cannot bind: log the reason and exit.

    Raises:
        Unavailable: it could not bind.
    """
    reasons: list[object] = []

    def listen(record: logging.LogRecord) -> bool:
        reasons.append(record.msg)
        return False

    log_of_uvicorn = logging.getLogger("uvicorn.error")
    log_of_uvicorn.addFilter(listen)
    try:
        yield
    except SystemExit as error:
        reason = reasons[-1]
        why = reason.strerror if isinstance(reason, OSError) else reason
        raise Unavailable(f"Cannot listen on {settings.listens_on()}: {why}.") from error
    finally:
        log_of_uvicorn.removeFilter(listen)
