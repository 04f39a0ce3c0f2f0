"""`flagkeeper events tail`: what happens, while it happens."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.cli.event_query import Since, read_words
from flagkeeper.cli.terminal import INTERRUPTED, OpenLog, complain, log
from flagkeeper.kernel.errors import BadData, Unavailable

if TYPE_CHECKING:
    from flagkeeper.eventlog.query import EventQuery
    from flagkeeper.outbound.event_stream import Message, NotListening

POLL = 0.3
"""Seconds between two looks into the database."""
BACK = 1.0
"""Seconds after which a connection that broke is made again; twice as many each time, up to `LONGEST_BACK`."""
LONGEST_BACK = 30.0

Show = Callable[[bytes], None]
"""Takes an event, as JSON."""

Server = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Listen to this server instead of looking into the database."),
]
Token = Annotated[
    str,
    typer.Option(
        envvar="FLAGKEEPER_TOKEN", help="For --server: an admin token or a personal access token.", show_envvar=True
    ),
]


def tail(
    query: Annotated[str, typer.Argument(help="Which events: type:feature-* project:checkout -by:bot.")] = "",
    since: Since = None,
    as_json: Annotated[bool, typer.Option("--json", help="Whole events as JSON, one on each line.")] = False,
    server: Server = None,
    token: Token = "",
) -> None:
    """Print events as they happen, oldest first, until Ctrl-C. With --since, begin with those that have happened."""
    wanted = read_words(query, since=since)
    begin_in_the_past = wanted.since is not None
    try:
        show = _printer(as_json=as_json)
        if server is None:
            with log() as found:
                _follow_database(found, wanted, show, begin_in_the_past=begin_in_the_past)
        else:
            asyncio.run(_follow_server(server, token, wanted, show, begin_in_the_past=begin_in_the_past))
    except KeyboardInterrupt as error:
        raise typer.Exit(INTERRUPTED) from error
    except BrokenPipeError as error:
        # Whoever read this (`head`, say) has enough. Python would complain once more when it closes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from error


def _printer(*, as_json: bool) -> Show:
    if not as_json:
        from flagkeeper.cli.event_line import Printer

        return Printer().show

    def show(event: bytes) -> None:
        sys.stdout.buffer.write(event + b"\n")
        sys.stdout.buffer.flush()

    return show


def _follow_database(found: OpenLog, query: "EventQuery", show: Show, *, begin_in_the_past: bool) -> None:
    import msgspec

    from flagkeeper.eventlog.read import epoch
    from flagkeeper.readmodels.event_tail.backlog import read_on

    start = found.read(epoch)
    position = 0 if begin_in_the_past else start.last_id
    while True:
        stretch = found.read(read_on, found.log, query, position)
        if stretch.epoch != start.epoch:
            start = found.read(epoch)
            position = start.last_id
            complain("The log was replaced by a backup; what follows is new.")
            continue
        for row in stretch.rows:
            show(msgspec.json.encode(row.shown(found.log.view)))
        if stretch.position == position:
            time.sleep(POLL)
        position = stretch.position


async def _follow_server(server: str, token: str, query: "EventQuery", show: Show, *, begin_in_the_past: bool) -> None:
    from flagkeeper.outbound.errors import OutboundError
    from flagkeeper.outbound.event_stream import NotListening, listen

    url = f"{server.rstrip('/')}/api/admin/log/stream"
    parameters = {"q": str(query), **({"after": "0"} if begin_in_the_past else {})}
    headers = {"Authorization": token} if token else {}
    reached, wait = False, BACK
    while True:
        try:
            async for message in listen(url, parameters, headers):
                reached, wait = True, BACK
                if message.id:
                    headers["Last-Event-ID"] = message.id
                _take(message, show)
        except NotListening as error:
            if error.status not in (429, 502, 503, 504):
                raise BadData(f"{server} refuses: {_message(error)}") from error
        except OutboundError as error:
            if not reached:
                raise Unavailable(f"{error.message[0].upper()}{error.message[1:]}.") from error
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_BACK)


def _take(message: "Message", show: Show) -> None:
    import msgspec

    match message.kind:
        case "message" if message.data:
            show(message.data)
        case "reset":
            complain("The log was replaced by a backup; what follows is new.")
        case "end":
            raise BadData(f"The server ended this: {msgspec.json.decode(message.data)['message']}")


def _message(refused: "NotListening") -> str:
    """What the server said, or as much as its status tells."""
    import msgspec

    try:
        return str(msgspec.json.decode(refused.body)["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return f"status {refused.status}"
