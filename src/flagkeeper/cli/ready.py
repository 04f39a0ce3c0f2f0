"""`flagkeeper ready`: for health checks of containers, which have no other program that asks a server."""

import asyncio

import msgspec
import typer

from flagkeeper.cli.terminal import FAILED, complain, say, settings
from flagkeeper.settings import Settings

PATIENCE = 4.0
"""Seconds for the whole conversation; health checks usually give up after five."""
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server that listens everywhere is met


class Answer(msgspec.Struct):
    """What `/ready` answers."""

    health: str
    reasons: list[str] = []
    notes: list[str] = []


def ready() -> None:
    """Ask the server of these settings, on this machine, whether it can serve requests. Fails unless it can."""
    given = settings()
    try:
        status, answer = asyncio.run(asyncio.wait_for(_ask(given), PATIENCE))
    except (TimeoutError, OSError, ValueError, msgspec.MsgspecError) as error:
        complain(f"No server answers on {given.listens_on()}: {str(error) or 'it takes too long'}.")
        raise typer.Exit(FAILED) from error
    for line in (*answer.reasons, *answer.notes):
        say(line)
    if status != 200:
        raise typer.Exit(FAILED)


async def _ask(given: Settings) -> tuple[int, Answer]:
    reader, writer = await asyncio.open_connection(_LOOPBACK.get(given.host, given.host), given.port)
    writer.write(f"GET /ready HTTP/1.1\r\nHost: {given.authority()}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split(b" ", 2)[1]), msgspec.json.decode(body, type=Answer)
