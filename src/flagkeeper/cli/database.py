"""`flagkeeper migrate`, `backup` and `restore`."""

from pathlib import Path
from typing import Annotated

import typer

from flagkeeper.cli.terminal import FAILED, By, complain, existing_database, operator, progress, settings


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if there is something to do.")] = False,
) -> None:
    """Bring the database to this version's schema. `serve` does it too; this does it beforehand."""
    from flagkeeper.storage.database import parse_database_url
    from flagkeeper.storage.migrate import current_revision, newest_revision
    from flagkeeper.storage.migrate import migrate as bring_up

    newest = newest_revision()
    if check:
        database = existing_database()
        found = current_revision(database)
        if found != newest:
            complain(f"{database.shown()} has schema {found or 'none'}; this version needs {newest}.")
            raise typer.Exit(FAILED)
        typer.echo(f"{database.shown()} has schema {newest}, as it should.")
        return
    database = parse_database_url(settings().database_url)
    done = bring_up(database)
    typer.echo(f"{database.shown()} {'now has' if done else 'already had'} schema {newest}.")


def backup(file: Annotated[Path, typer.Argument(help="Where to write it; must not exist yet.")]) -> None:
    """Write everything into one file, while servers go on. The file holds hashes of secrets: keep it safe."""
    from flagkeeper.schema import metadata
    from flagkeeper.storage.backup import back_up

    database = existing_database()
    with progress("Reading") as show:
        contents = back_up(database, metadata, file, show)
    events = contents.tables["events"].rows
    typer.echo(f"{file}: {contents.rows()} rows of {len(contents.tables)} tables, {events} events among them.")


def restore(
    file: Annotated[Path, typer.Argument(help="What `flagkeeper backup` wrote, on whichever kind of database.")],
    by: By = None,
) -> None:
    """Bring a backup into a new, empty database, which is migrated first. No server may run on it meanwhile."""
    from flagkeeper.eventlog.restore import restore as bring_back
    from flagkeeper.schema import metadata
    from flagkeeper.storage.database import parse_database_url
    from flagkeeper.storage.migrate import migrate as bring_up

    database = parse_database_url(settings().database_url)
    bring_up(database)
    with progress("Writing") as show:
        contents = bring_back(database, metadata, file, operator(by), show)
    events = contents.tables["events"].rows
    typer.echo(f"{database.shown()} now has the {events} events of {contents.created_at}, and one that says so.")
