"""One PostgreSQL, named in every form, encrypted in every way, and looked over before a server starts on it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import sql

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.examine import Found, examine
from flagkeeper.storage.migrate import current_revision, demand_migrated, in_schema, migrate, newest_revision
from tests.certificates import Certificates
from tests.database_forms import PASSWORD, ROLE, SCHEMA, encryptions, forms, named, place_of
from tests.databases import Run, fresh_postgresql
from tests.tls_front import TlsFront

WELL = Found(
    number=180_006,
    version="18.6",
    encoding="UTF8",
    is_standby=False,
    is_readonly=False,
    schema="public",
    may_create_tables=True,
    may_create_schemas=True,
    ahead=0.0,
    pooled=False,
)


def nothing(_url: str) -> None:
    """Leaves the database empty."""


@pytest.fixture
def empty_url(run: Run) -> Iterator[str]:
    with fresh_postgresql(run, nothing) as url:
        yield url


@pytest.fixture
def role(empty_url: str) -> Iterator[str]:
    """A role with signs in its name that owns nothing."""
    with psycopg.connect(empty_url, autocommit=True) as admin:
        name = sql.Identifier(ROLE)
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(PASSWORD)))
        yield ROLE
        admin.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(name, name))


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(statement.encode())


@pytest.mark.postgres
def test_every_form_names_the_same_database_and_schema(empty_url: str, role: str) -> None:
    database = place_of(empty_url).name
    execute(empty_url, f'GRANT CREATE ON DATABASE {database} TO "{role}"')
    execute(empty_url, f"ALTER ROLE \"{role}\" SET statement_timeout = '10s'")
    first, *others = [named(each) for each in forms(place_of(empty_url))]
    with first.session() as session, in_schema(session, ""):
        assert session.execute("SHOW statement_timeout").fetchone() == ("0",), "no migration is cut off"
    examine(first)
    assert migrate(first) is True
    for each in (first, *others):
        connection = each.connect(readonly=True, deadline=5)
        connection.begin()
        question = "SELECT current_user::TEXT, current_schema()::TEXT, (SELECT count(*) FROM log_head)"
        assert connection.run(question, {})[0] == [(ROLE, SCHEMA, 1)], each.shown()
        connection.commit()
        connection.close()
        assert current_revision(each) == newest_revision()
        demand_migrated(each)
        assert migrate(each) is False
        assert "s3cret" not in each.shown()


@pytest.mark.postgres
def test_encryption_is_what_address_and_settings_say_and_never_less(empty_url: str, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    front = TlsFront(empty_url, certificates)
    plain, name = place_of(empty_url)
    for settings, query, reached in encryptions(certificates):
        database = named({"DATABASE_URL": f"postgres://postgres@localhost:{front.port}/{name}{query}", **settings})
        assert connects(database) == reached, (settings, query)
    for demanding in ({"DATABASE_SSL": "true"}, {"DATABASE_SSL": '{"rejectUnauthorized": false}'}):
        database = named({"DATABASE_URL": f"postgres://postgres@127.0.0.1:{plain}/{name}", **demanding})
        assert not connects(database), "never in the clear"
    front.close()
    strict = TlsFront(empty_url, certificates, authority=certificates.authority)
    ours = {"CA": certificates.authority, "CERT": certificates.certificate, "KEY": certificates.key}
    certificates.key.chmod(0o644)
    shown = {f"DATABASE_SSL_{each}_FILE": str(path) for each, path in ours.items()}
    assert connects(named({"DATABASE_URL": f"postgres://postgres@localhost:{strict.port}/{name}", **shown}))
    del shown["DATABASE_SSL_CERT_FILE"], shown["DATABASE_SSL_KEY_FILE"]
    assert not connects(named({"DATABASE_URL": f"postgres://postgres@localhost:{strict.port}/{name}", **shown}))
    strict.close()


def connects(database: Database) -> bool:
    try:
        database.session().close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.postgres
def test_what_no_server_can_run_on_is_said_before_it_starts(empty_url: str, role: str) -> None:
    database = parse_database_url(empty_url)
    examine(database)
    with pytest.raises(Unavailable, match="run `flagkeeper migrate` first"):
        demand_migrated(database)
    weak = named(next(forms(place_of(empty_url))))
    with pytest.raises(Unavailable, match="has no schema"):
        examine(weak)
    usual = parse_database_url(weak.address)
    with pytest.raises(Unavailable, match="GRANT USAGE, CREATE ON SCHEMA"):
        examine(usual)
    execute(empty_url, f"ALTER DATABASE {place_of(empty_url).name} SET default_transaction_read_only = on")
    with pytest.raises(Unavailable, match="can only be read"):
        examine(database)
    name = place_of(empty_url).name
    maintenance, other = empty_url.replace(name, "postgres"), f"{name}_ascii"
    execute(maintenance, f"CREATE DATABASE {other} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(Unavailable, match="SQL_ASCII"):
            examine(parse_database_url(empty_url.replace(name, other)))
    finally:
        execute(maintenance, f"DROP DATABASE {other}")


@pytest.mark.parametrize(
    ("changes", "wanted", "trouble"),
    [
        ({}, "", None),
        ({"number": 130_000}, "", None),
        ({"number": 120_022, "version": "12.22"}, "", "12.22"),
        ({"is_standby": True, "is_readonly": True}, "", "standby"),
        ({"schema": None, "may_create_tables": None}, "flags", None),
        ({"schema": None, "may_create_tables": None}, "", "search_path"),
        ({"schema": None, "may_create_schemas": False}, "flags", "has no schema flags"),
    ],
)
def test_what_a_postgresql_says_of_itself(changes: dict[str, object], wanted: str, trouble: str | None) -> None:
    found = list(msgspec.structs.replace(WELL, **changes).troubles(wanted))
    assert len(found) == (trouble is not None)
    assert trouble is None or trouble in found[0]


def test_where_a_file_cannot_be_is_said(tmp_path: Path) -> None:
    for path, trouble in ((tmp_path / "no/x.db", "there is no folder"), (tmp_path, "is a folder")):
        with pytest.raises(Unavailable, match=trouble):
            examine(parse_database_url(f"sqlite:///{path}"))
    odd = parse_database_url(f"sqlite:///{tmp_path}/a%20b.db")
    examine(odd)
    migrate(odd)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a%20b.db"]
