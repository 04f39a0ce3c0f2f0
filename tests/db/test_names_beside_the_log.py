"""A person is forgotten in all that is kept beside the log. Each statement of each part of it fails once before it is
meant, and then nothing of it was done."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from flagkeeper.eventlog.archive.own_names import names_beside_the_log
from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.tables import log_quarantine
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.flags.commands import create
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.groups import commands as groups
from flagkeeper.features.groups.model import GroupDraft
from flagkeeper.features.invitations import commands as invitations
from flagkeeper.features.logins import commands as logins
from flagkeeper.features.logins.model import Visit
from flagkeeper.features.retention import commands as retention
from flagkeeper.features.retention.model import Person
from flagkeeper.features.searches import commands as searches
from flagkeeper.features.searches.model import SearchDraft
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.signups import commands as signups
from flagkeeper.features.transfer import commands as transfer
from flagkeeper.features.undertakings import commands as undertakings
from flagkeeper.features.usage import commands as usage
from flagkeeper.features.usage.model import Notes
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft
from flagkeeper.integrations.delivery.tables import integration_events
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor, ActorKind
from flagkeeper.kernel.errors import Conflict
from flagkeeper.schema import metadata
from flagkeeper.slices import SLICES
from flagkeeper.storage.statement import Query, Write, columns
from tests.faults import Faults, every
from tests.flags import seed
from tests.log import Log

NAME = "grace@example.com"
FORMER = Replacement("former-user", [NAME])
PARTS = [*(names for each in SLICES for names in each.names_outside_log), names_beside_the_log]
OF_THE_LOG = {"events", "log_versions", "log_subjects", "log_blocks", "log_pseudonyms"}
TABLES = {table.name: Query(select(table), columns) for table in metadata.sorted_tables if table.name not in OF_THE_LOG}
_ATTEMPT = Write[Any](insert(integration_events))
_QUARANTINE = Write[Any](insert(log_quarantine))


def places(log: Log) -> set[str]:
    """The tables in which the name stands."""
    return set(log.read(lambda tx: [name for name, query in TABLES.items() if NAME in str(tx.all(query))]))


def live(log: Log) -> None:
    """Grace leaves her name wherever somebody can."""
    log.run(access.seed)
    seed(log)
    user = log.run(users.create, draft(username="grace", root_role=1))
    grace = Actor(NAME, user.id, "203.0.113.7", ActorKind.USER)

    def act(command: Any, *given: Any) -> None:
        log.units.run_now(grace, command, *given)

    act(segments.create, SegmentDraft(name="s", description=None, constraints=[], project=None))
    act(create.create, "default", FlagDraft(name="checkout"))
    act(groups.create, GroupDraft(name="team"))
    act(signups.create, "one", clock.now() + 10 * clock.DAY)
    act(searches.create, SearchDraft(name="mine", query=f"by:{NAME}", description="", shared=True))
    act(usage.describe_application, "shop", Notes(description="x"))
    act(transfer.begin, "import", 1, None)
    act(undertakings.begin, "project/shop", b"{}", lambda _unit, step: step)
    log.run(logins.note, NAME, Visit("203.0.113.7"))
    log.run(invitations.ask_reset_mail, NAME)
    log.run(_trouble)


def _trouble(unit: Unit) -> None:
    """What is kept of a delivery that failed, and of an event that could not be followed."""
    unit.tx.write(
        _ATTEMPT, id=1, integration_id=1, event_id=1, created_at=5, state="failed",
        state_details=f"{NAME} is not known", details=f'{{"body":"{NAME}"}}',
    )  # fmt: skip
    unit.tx.write(_QUARANTINE, follower="f", event_id=3, error=f"KeyError: '{NAME}'", created_at=1)


def test_nothing_beside_the_log_has_the_name_any_more(log: Log) -> None:
    live(log)
    assert places(log) >= {
        *("segments", "features", "groups", "signup_links", "saved_searches", "client_applications", "state_imports"),
        *("undertakings", "logins", "mails", "integration_events", "log_quarantine"),
    }
    with Faults(every).during(log.units.writer):
        for part in PARTS:
            position = 0
            while (reached := log.run(part, FORMER, position)) is not None:
                assert reached > position, "it would go on for ever"
                position = reached
    assert places(log) == set()


def test_a_hold_is_placed_and_lifted_and_then_somebody_is_forgotten(log: Log) -> None:
    with Faults(every).during(log.units.writer):
        hold = log.run(retention.place_hold, "case 4711")
        with pytest.raises(Conflict, match="case 4711"):
            log.run(retention.ask_pseudonym, Person(name=NAME))
        log.run(retention.lift_hold, hold.id)
        assert log.run(retention.ask_pseudonym, Person(name=NAME)).names == (NAME,)
    assert [event.type for event in log.events()] == ["flagkeeper-hold-lifted", "flagkeeper-hold-placed"]
