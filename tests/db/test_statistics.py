"""Numbers about the whole server, as of a moment: who was active, what was used, what changed until then."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.features.access import commands as access
from flagkeeper.features.instance import commands
from flagkeeper.features.instance.model import OIDC, SAML, SCIM
from flagkeeper.features.usage.tables import client_applications, client_metrics, client_metrics_variants
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft
from flagkeeper.features.users.tables import user_logins
from flagkeeper.kernel import clock
from flagkeeper.readmodels.statistics.statistics import Statistics, as_csv, statistics
from flagkeeper.storage.statement import Write
from tests.events import SearchedLog, row, write_log
from tests.flags import make, seed
from tests.log import Log

NOW = 20_000 * clock.DAY + 7 * clock.HOUR
_LOGIN, _APPLICATION, _METRICS, _VARIANTS = (
    Write[None](insert(table)) for table in (user_logins, client_applications, client_metrics, client_metrics_variants)
)
_EVENTS = (
    ("feature-updated", "production", 90 * clock.DAY + 1),
    ("feature-updated", "production", 90 * clock.DAY),
    ("feature-updated", "production", 60 * clock.DAY),
    ("features-exported", None, 50 * clock.DAY),
    ("features-imported", "development", 40 * clock.DAY),
    ("features-imported", "development", 39 * clock.DAY),
    ("feature-updated", "production", 30 * clock.DAY),
    ("feature-updated", "development", 0),
)


class Counted:
    """A server whose last change was at `NOW`, as far as its log says."""

    def __init__(self, log: Log, url: str) -> None:
        self.log, self._searched = log, SearchedLog(url)
        rows = [
            row(number, type=kind, environment=place, created_at=NOW - before)
            for number, (kind, place, before) in enumerate(_EVENTS, 1)
        ]
        write_log(log.database, rows)

    def numbers(self, now: int = NOW, *, passwords: bool = True) -> Statistics:
        self._searched.load()
        found: Statistics = self.log.reader.now(
            lambda tx: statistics(tx, self._searched.search, now, passwords=passwords)
        )
        return found

    def write(self, statement: Write[None], **values: object) -> None:
        self.log.run(lambda unit: unit.tx.write(statement, **values))

    def close(self) -> None:
        self._searched.close()


@pytest.fixture
def counted(log: Log, database_url: str) -> Iterator[Counted]:
    counted = Counted(log, database_url)
    log.run(access.seed)
    seed(log)
    yield counted
    counted.close()


def test_who_was_active_within_so_many_days(counted: Counted) -> None:
    log = counted.log
    for number, days in enumerate((7, 30, 60, 90)):
        for who, before in ((f"in-{number}", days * clock.DAY - 1), (f"out-{number}", days * clock.DAY)):
            user = log.run(users.create, draft(username=who, root_role=3), None)
            counted.write(_LOGIN, user_id=user.id, seen_at=NOW - before, attempts=0)
    found = counted.numbers()
    active = found.active_users
    assert (active.last7, active.last30, active.last60, active.last90) == (1, 3, 5, 7)
    assert (found.licensed_users, found.users, found.read_only_users) == (5, 8, 8)


def test_what_changed_in_production_and_moved_between_servers(counted: Counted) -> None:
    found = counted.numbers()
    changes, seeds = found.production_changes, counted.numbers(clock.now()).production_changes.last30
    assert (changes.last30, changes.last60, changes.last90) == (seeds + 1, seeds + 2, seeds + 3)
    assert (found.feature_exports, found.feature_imports) == (1, 2)


def test_without_production_nothing_changed_in_it(log: Log, database_url: str) -> None:
    counted = Counted(log, database_url)
    found = counted.numbers()
    assert (found.environments, found.production_changes.last90) == (0, 0)
    assert (found.max_environment_strategies, found.max_constraints, found.max_constraint_values) == (0, 0, 0)
    counted.close()


def test_what_applications_reported(counted: Counted) -> None:
    for number, before in enumerate((0, 7 * clock.DAY, 7 * clock.DAY + 1, 30 * clock.DAY, 30 * clock.DAY + 1)):
        counted.write(
            _APPLICATION,
            app_name=f"a{number}",
            created_at=0,
            seen_at=NOW - before,
            created_by="x",
            description=None,
            url=None,
            color=None,
            icon=None,
            strategies="[]",
        )
    assert [(each.range, each.count) for each in counted.numbers().client_apps] == [
        ("7d", 2),
        ("30d", 4),
        ("allTime", 5),
    ]


def test_buckets_of_yesterday(counted: Counted) -> None:
    today = NOW - NOW % clock.DAY
    where = {"feature_name": "f", "span": "hour", "environment": "e", "app_name": "a"}
    for start in (today - clock.DAY - 1, today - clock.DAY, today - 1, today):
        counted.write(_METRICS, **where, start=start, yes=1, no=1)
        if start < today - 1:
            counted.write(_VARIANTS, **where, start=start, variant="v", count=1)
    buckets = counted.numbers().previous_day_metrics_buckets_count
    assert (buckets.enabled_count, buckets.variant_count) == (2, 1)


def test_ways_of_signing_in(counted: Counted) -> None:
    none = counted.numbers(passwords=False)
    assert (none.password_auth_enabled, none.oidc_enabled, none.saml_enabled, none.scim_enabled) == (False,) * 4
    for setting, name in ((OIDC, "oidc_enabled"), (SAML, "saml_enabled"), (SCIM, "scim_enabled")):
        for enabled in (True, False):
            counted.log.run(commands.put, setting, SettingDetails(enabled=enabled))
            found = counted.numbers()
            on = {each for each in ("oidc_enabled", "saml_enabled", "scim_enabled") if getattr(found, each)}
            assert on == ({name} if enabled else set())
    assert counted.numbers().password_auth_enabled is True


def test_the_checksum_is_that_of_the_numbers(counted: Counted) -> None:
    first, later = counted.numbers(NOW + 1), counted.numbers(NOW + 2)
    assert (first.sum == later.sum, len(first.sum), first.timestamp == later.timestamp) == (True, 64, False)
    make(counted.log)
    assert counted.numbers(NOW + 1).sum != first.sum


def test_parts_are_columns_of_their_own(counted: Counted) -> None:
    found = counted.numbers()
    names, values = (line.split(",") for line in as_csv(found).splitlines())
    line = dict(zip(names, values, strict=True))
    assert line["productionChanges.last60"] == str(found.production_changes.last60)
    assert (line["clientApps.7d"], line["apiTokens.client"], line["SAMLenabled"]) == ("0", "0", "False")
