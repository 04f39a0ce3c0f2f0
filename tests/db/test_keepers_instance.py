"""The laws of keepers and steps, on sign-up links and on settings of the instance."""

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.step import Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.instance import commands as instance
from flagkeeper.features.instance import steps as settings
from flagkeeper.features.instance.model import FRONTEND
from flagkeeper.features.signups import commands as signups
from flagkeeper.features.signups import queries
from flagkeeper.features.users.model.user import draft
from flagkeeper.keepers import KEEPERS, OPS
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, InvalidOperation, NotFound
from tests.keeping import StandingIn, check_removals, check_steps
from tests.log import Log
from tests.story import Change, attempt, tell

KINDS = {"invite-link", "setting"}
SEEN = KINDS | {"role", "user"}
PORTS = StandingIn({})
FUTURE = clock.now() + 10 * clock.DAY


def op(step: Step) -> Change:
    return lambda unit: OPS.run(unit, step, PORTS)


def sign_up(unit: Unit) -> None:
    """By a link that is made for it."""
    _, secret = signups.create(unit, "two", FUTURE)
    signups.sign_up(unit, secret, draft(email="ada@example.com", root_role=3), "hash")


STORY: list[Change] = [
    access.seed,
    lambda unit: signups.create(unit, "one", FUTURE),
    sign_up,
    lambda unit: signups.update(unit, 1, enabled=False),
    lambda unit: signups.update(unit, 1, enabled=False),
    lambda unit: signups.update(unit, 2, expires_at=FUTURE + clock.DAY),
    lambda unit: signups.update(unit, 1),
    lambda unit: instance.toggle_maintenance(unit, enabled=False),
    lambda unit: instance.toggle_maintenance(unit, enabled=True),
    lambda unit: instance.toggle_maintenance(unit, enabled=True),
    lambda unit: instance.toggle_maintenance(unit, enabled=False),
    lambda unit: instance.set_origins(unit, None),
    lambda unit: instance.set_origins(unit, ["https://a.test"]),
    lambda unit: instance.set_origins(unit, ["*"]),
    lambda unit: instance.set_origins(unit, ["*"]),
    lambda unit: instance.set_origins(unit, None),
    lambda unit: instance.toggle_passwords(unit, disabled=False),
    lambda unit: instance.toggle_passwords(unit, disabled=True),
    lambda unit: instance.toggle_passwords(unit, disabled=False),
    lambda unit: instance.restore(unit, FRONTEND, SettingDetails(frontend_api_origins=["https://c.test"])),
    op(Step("setting.origins", settings.SetOrigins(origins=["http://b.test:1"]))),
    op(Step("setting.maintenance", settings.SetMaintenance(enabled=True))),
]


def test_every_command(log: Log) -> None:
    tell(log, STORY, kinds=SEEN)
    assert check_steps(log, PORTS, kinds=KINDS) == 2 + 1 + 5
    assert check_removals(log, PORTS, kinds={"setting"}) == 3
    keeper, (link, _) = KEEPERS.of_kind("invite-link"), log.read(queries.all_links)[0]
    for now, then in ((link.state(), None), (None, link.state())):
        try:
            keeper.steps("invite-link/1", now, then)
        except InvalidOperation:
            continue
        raise AssertionError("a link is never deleted, and never comes back")


def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log) -> None:
    tell(log, STORY[:3], kinds=SEEN)
    refused: list[tuple[Change, type[Exception]]] = [
        (sign_up, BadData),
        (lambda unit: signups.create(unit, "", FUTURE), BadData),
        (lambda unit: signups.update(unit, 1, expires_at=1), BadData),
        (lambda unit: signups.update(unit, 9, enabled=True), NotFound),
        (lambda unit: instance.set_origins(unit, ["x"]), BadData),
    ]
    for wanted, error in refused:
        assert isinstance(attempt(log, wanted, kinds=SEEN), error)
