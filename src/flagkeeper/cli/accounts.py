"""`flagkeeper token` and `flagkeeper user`: for operators who cannot log in, or have no token yet."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from flagkeeper.cli.terminal import By, Reason, Ticket, context, operator, progress, reader, say, units
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, NotFound

tokens = typer.Typer(help="API tokens.", no_args_is_help=True)
users = typer.Typer(help="People.", no_args_is_help=True)


PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input; otherwise it is asked for.")
]


class Kind(StrEnum):
    ADMIN = "admin"
    CLIENT = "client"
    FRONTEND = "frontend"


@tokens.callback()
def _tokens() -> None:
    pass


@users.callback()
def _users() -> None:
    pass


@tokens.command("create")
def create_token(
    kind: Annotated[
        Kind, typer.Option("--type", help="admin: the admin API; client: server-side SDKs; frontend: browsers, apps.")
    ],
    name: Annotated[str, typer.Option(help="What lists and events call it.")],
    environment: Annotated[str | None, typer.Option(help="For SDKs. Default: development.")] = None,
    project: Annotated[list[str] | None, typer.Option(help="For SDKs; may be repeated. Default: all.")] = None,
    expires: Annotated[str | None, typer.Option(help="ISO time such as 2027-01-31. Default: never.")] = None,
    by: By = None,
    reason: Reason = None,
    ticket: Ticket = None,
) -> None:
    """Create a token and print its secret. It is shown only this once."""
    from flagkeeper.features.tokens import commands
    from flagkeeper.features.tokens.model import TokenType, draft

    wanted = draft(name, TokenType(kind), environment, project or None, _moment(expires))
    with units(context(reason, ticket)) as found:
        _, secret = found.run_now(operator(by), commands.create, wanted)
    say(secret)


@users.command("set-password")
def set_password(
    name: Annotated[str, typer.Argument(help="Username or e-mail address.")],
    from_stdin: PasswordStdin = False,
    by: By = None,
    reason: Reason = None,
    ticket: Ticket = None,
) -> None:
    """Set somebody's password, and end all their sessions."""
    from flagkeeper.features.users import commands, queries
    from flagkeeper.features.users.model.password import hash_password

    why = context(reason, ticket)
    with reader() as found:
        user_id = found.now(queries.id_of, name)
    if user_id is None:
        raise NotFound(f"There is no user called {name}.")
    hashed = hash_password(_chosen_password(from_stdin))
    with units(why) as writing:
        writing.run_now(operator(by), commands.set_password, user_id, hashed)
    say(f"{name} has a new password.")


@users.command("rescue")
def rescue(
    name: Annotated[str, typer.Argument(help="Username; or the e-mail address of somebody who is there.")],
    from_stdin: PasswordStdin = False,
    by: By = None,
    reason: Reason = None,
    ticket: Ticket = None,
) -> None:
    """Let somebody in as an administrator, whatever single sign-on does.

    Makes them an administrator (and creates them, if need be), sets a password, and switches logging in with passwords
    on. Servers that run take notice within two seconds.
    """
    from flagkeeper.features.users import commands
    from flagkeeper.features.users.model.password import hash_password

    hashed = hash_password(_chosen_password(from_stdin))
    with units(context(reason, ticket)) as writing:
        user = writing.run_now(operator(by), commands.rescue, name, hashed)
    say(f"{user.log_name()} is an administrator, and can log in with the new password.")


@users.command("pseudonymise")
def pseudonymise(
    user_id: Annotated[int | None, typer.Option("--id", help="Of a user who was deleted.")] = None,
    name: Annotated[str | None, typer.Option(help="Of an actor that never was a user, such as cli:deploy.")] = None,
    by: By = None,
    reason: Reason = None,
    ticket: Ticket = None,
) -> None:
    """Put a pseudonym in the place of a person's names, everywhere in the log and its archive.

    Ids, order and times stay. When it is cut off, give the same command again.
    """
    from flagkeeper.cli.archive import services
    from flagkeeper.features.retention import commands
    from flagkeeper.features.retention.model import Person
    from flagkeeper.features.retention.slice import RETENTION

    why, person = context(reason, ticket), Person(user_id=user_id, name=name)
    with services() as found:
        asked = found.units.within(why).run_now(operator(by), commands.ask_pseudonym, person)
        with progress("Rewriting") as show:
            done = found[RETENTION].pseudonymise_now(asked.pseudonym, show)
    if done is None:
        raise NotFound("No event has a name of this person.")
    say(f"{done.pseudonym} now stands in {done.events} events.")


def _chosen_password(from_stdin: bool) -> str:
    """Raises `WeakPassword`."""
    from flagkeeper.features.users.model.password import demand_strong

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = str(typer.prompt("New password", hide_input=True, confirmation_prompt=True))
    demand_strong(password)
    return password


def _moment(text: str | None) -> clock.Millis | None:
    if text is None:
        return None
    try:
        return clock.from_iso(text)
    except ValueError as error:
        raise BadData(f"{text!r} is no time. Write it like 2027-01-31 or 2027-01-31T12:00:00Z.") from error
