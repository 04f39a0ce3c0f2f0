"""`flagkeeper state`: the state of a server, without people, tokens and integrations, out and in."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from flagkeeper.cli.terminal import (
    By,
    Reason,
    Ticket,
    complain,
    context,
    operator,
    progress,
    reader,
    say,
    write,
)
from flagkeeper.kernel.errors import BadData, Conflict

app = typer.Typer(help="The state of a server: flags, projects, segments and all that they need.", no_args_is_help=True)
STANDARD = "-"
"""In place of a file: standard input or output."""
MOST_SHOWN = 50
"""Problems of a file that are printed."""


@app.callback()
def _state() -> None:
    pass


@app.command("export")
def export(
    file: Annotated[
        str, typer.Argument(help="Where to write it; must not exist yet. By default standard output.")
    ] = STANDARD,
    yaml: Annotated[
        bool, typer.Option("--yaml", help="As YAML. By default JSON, unless the file's name says so.")
    ] = False,
) -> None:
    """Write the state of the server as one document, as of one moment."""
    from flagkeeper.features.transfer import queries
    from flagkeeper.features.transfer.model.file_order import YAML_NAMES
    from flagkeeper.features.transfer.schemas import EVERYTHING, StateFormat, written

    kind = StateFormat.YAML if yaml or file.lower().endswith(YAML_NAMES) else StateFormat.JSON
    if file != STANDARD and Path(file).exists():
        raise Conflict(f"{file} exists already. Name another file.")
    with reader() as found:
        document = found.now(queries.export, EVERYTHING)
    text = written(document, kind)
    if file == STANDARD:
        write(text if text.endswith(b"\n") else text + b"\n")
        return
    Path(file).write_bytes(text)
    say(f"{file}: {len(document.features or [])} flags of {len(document.projects or [])} projects.")


@app.command("import")
def import_state(
    file: Annotated[str, typer.Argument(help="JSON, or YAML by its name; - is standard input, in JSON.")],
    drop: Annotated[bool, typer.Option("--drop", help="Remove what the file does not have, kind by kind.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is there already.")] = False,
    by: By = None,
    reason: Reason = None,
    ticket: Ticket = None,
) -> None:
    """Bring in the state of a server, or parts of it, also while servers run. By default what is there already stays
    as it is. A file with an error in it imports nothing."""
    from flagkeeper.cli.archive import services
    from flagkeeper.features.transfer.model.file_order import json_of_file
    from flagkeeper.features.transfer.schemas import existing
    from flagkeeper.features.transfer.slice import IMPORTS

    who, why = operator(by), context(reason, ticket)
    content = sys.stdin.buffer.read() if file == STANDARD else Path(file).read_bytes()
    text = json_of_file(file, content)
    meant = existing(drop=drop, keep=not replace)
    with services() as found, progress("Importing") as show:
        try:
            asyncio.run(found[IMPORTS].import_state(found.units.within(why), who, text, meant, progress=show))
        except BadData as error:
            for each in error.details[:MOST_SHOWN]:
                complain(f"{(each.path or '').removeprefix('/body') or file}: {each.message}")
            raise
        shown = found.database.shown()
    say(f"{shown} now has what {file} says.")
