"""`flagkeeper events tail`: what happens, while it happens."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from flagkeeper.cli.event_query import Saved, Since, read_words, saved_query
from flagkeeper.cli.terminal import INTERRUPTED, OpenLog, complain, log, write
from flagkeeper.kernel.errors import BadData, Unavailable

if TYPE_CHECKING:
    from flagkeeper.eventlog.query import EventQuery
    from flagkeeper.outbound.errors import OutboundError
    from flagkeeper.outbound.event_stream import Message, StreamRefused

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
    saved: Saved = None,
    since: Since = None,
    as_json: Annotated[bool, typer.Option("--json", help="Whole events as JSON, one on each line.")] = False,
    server: Server = None,
    token: Token = "",
) -> None:
    """Print events as they happen, oldest first, until Ctrl-C. With --since, begin with those that have happened."""
    try:
        show = _printer(as_json=as_json)
        if server is None:
            with log() as found:
                kept = found.read(saved_query, saved) if saved is not None else ""
                _follow_database(found, read_words(query, saved=kept, since=since), show)
        else:
            kept = asyncio.run(_saved_on_server(server, token, saved)) if saved is not None else ""
            asyncio.run(_follow_server(server, token, read_words(query, saved=kept, since=since), show))
    except KeyboardInterrupt as error:
        raise typer.Exit(INTERRUPTED) from error
    except BrokenPipeError as error:
        # The reader (`head`, say) has enough. Python would complain once more when it closes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from error


def _printer(*, as_json: bool) -> Show:
    if not as_json:
        from flagkeeper.cli.event_line import Printer

        return Printer().show

    def show(event: bytes) -> None:
        write(event + b"\n")

    return show


def _follow_database(found: OpenLog, query: "EventQuery", show: Show) -> None:
    import msgspec

    from flagkeeper.eventlog.read import log_position
    from flagkeeper.readmodels.event_tail.backlog import read_on

    start = found.read(log_position)
    position = start.last_id if query.since is None else 0
    while True:
        stretch = found.read(read_on, found.log, query, position)
        if stretch.epoch != start.epoch:
            start = found.read(log_position)
            position = start.last_id
            complain("The log was replaced by a backup; what follows is new.")
            continue
        for row in stretch.rows:
            show(msgspec.json.encode(row.shown(found.log.view)))
        if stretch.position == position:
            time.sleep(POLL)
        position = stretch.position


async def _follow_server(server: str, token: str, query: "EventQuery", show: Show) -> None:
    from flagkeeper.outbound.errors import OutboundError
    from flagkeeper.outbound.event_stream import StreamRefused, listen

    url = f"{server.rstrip('/')}/api/admin/log/stream"
    parameters = {"q": str(query), **({} if query.since is None else {"after": "0"})}
    headers = _headers(token)
    reached, wait = False, BACK
    while True:
        try:
            async for message in listen(url, parameters, headers):
                reached, wait = True, BACK
                if message.id:
                    headers["Last-Event-ID"] = message.id
                _take(message, show)
        except StreamRefused as error:
            if error.status not in (429, 502, 503, 504):
                raise _refusal(server, error) from error
        except OutboundError as error:
            if not reached:
                raise _out_of_reach(error) from error
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_BACK)


async def _saved_on_server(server: str, token: str, name: str) -> str:
    """The query of a search that the server has, shared or the token's owner's own."""
    import msgspec

    from flagkeeper.features.searches.model import named
    from flagkeeper.features.searches.schemas import SavedSearchList
    from flagkeeper.outbound.errors import OutboundError
    from flagkeeper.outbound.event_stream import StreamRefused, ask

    try:
        body = await ask(f"{server.rstrip('/')}/api/admin/log/searches", _headers(token))
        return named(msgspec.json.decode(body, type=SavedSearchList).searches, name).query
    except StreamRefused as error:
        raise _refusal(server, error) from error
    except OutboundError as error:
        raise _out_of_reach(error) from error
    except msgspec.DecodeError as error:
        raise Unavailable(f"{server} answers like no Flagkeeper does: {error}.") from error


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": token} if token else {}


def _take(message: "Message", show: Show) -> None:
    import msgspec

    match message.kind:
        case "message" if message.data:
            show(message.data)
        case "reset":
            complain("The log was replaced by a backup; what follows is new.")
        case "end":
            raise BadData(f"The server ended this: {msgspec.json.decode(message.data)['message']}")


def _refusal(server: str, refused: "StreamRefused") -> BadData:
    return BadData(f"{server} refuses: {_message(refused)}")


def _out_of_reach(error: "OutboundError") -> Unavailable:
    return Unavailable(f"{error.message[0].upper()}{error.message[1:]}.")


def _message(refused: "StreamRefused") -> str:
    """What the server said, or as much as its status tells."""
    import msgspec

    try:
        return str(msgspec.json.decode(refused.body)["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return f"status {refused.status}"
