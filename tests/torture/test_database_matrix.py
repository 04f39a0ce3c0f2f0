"""Every form of an address, with every encryption, directly and behind every pooler: our own in transaction mode, and
pgbouncer in both. The encrypted PostgreSQL is that of the system, for the one of the package cannot encrypt."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.database import Database
from flagkeeper.storage.examine import examine
from flagkeeper.storage.migrate import migrate
from flagkeeper.storage.probe import PROBE, UNPROBE
from flagkeeper.storage.transaction import Transaction
from tests.certificates import Certificates
from tests.clusters import two_clusters
from tests.database_forms import PASSWORD, ROLE, Place, encryptions, forms, named, place_of
from tests.databases import Run, fresh_postgresql
from tests.deliveries import until_now
from tests.pgbouncer import Mode, PgBouncer
from tests.pooler import TransactionPooler
from tests.postgres_server import FAST, PostgresServer
from tests.tls_front import TlsFront


def nothing(_url: str) -> None:
    """Leaves the database empty."""


def uses(database: Database) -> None:
    """A server would start on it, and writes and reads many times over several connections."""
    examine(database)
    migrate(database)
    writers = [database.connect() for _ in range(3)]
    reader = database.connect(readonly=True, deadline=5)
    for number in range(20):
        connection = writers[number % 3]
        connection.begin()
        Transaction(connection).write(PROBE, content=bytes(number + 1))
        Transaction(connection).write(UNPROBE)
        connection.commit()
        reader.begin()
        assert reader.run("SELECT count(*) FROM storage_probe WHERE id > %(id)s", {"id": -number})[0] == [(0,)]
        reader.commit()
    for each in (*writers, reader):
        each.close()


@contextmanager
def with_role(url: str) -> Iterator[None]:
    """The role in whose name everybody comes; a superuser, for all make the schema."""
    make_role(url)
    try:
        yield
    finally:
        with psycopg.connect(url, autocommit=True) as admin:
            name = sql.Identifier(ROLE)
            admin.execute(sql.SQL("DROP OWNED BY {} CASCADE; DROP ROLE {}").format(name, name))


def make_role(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        name = sql.Identifier(ROLE)
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}").format(name, sql.Literal(PASSWORD)))


def try_all(place: Place, port: int, certificates: Certificates) -> int:
    """Every form and encryption to a server on `port` that demands TLS; how many there were."""
    tried = 0
    for form in forms(place):
        for settings, query, reached in encryptions(certificates):
            through = {key: value.replace(str(place.port), str(port)) for key, value in form.items()}
            through = {key: value.replace("127.0.0.1", "localhost") for key, value in through.items()}
            if query and "DATABASE_URL" not in through:
                continue
            if query:
                address = through["DATABASE_URL"]
                through["DATABASE_URL"] = address + (query.replace("?", "&") if "?" in address else query)
            try:
                uses(named({**through, **settings}))
                found = True
            except psycopg.OperationalError:
                found = False
            assert found == reached, (through, settings, query)
            tried += 1
    return tried


@pytest.mark.postgres
def test_in_the_clear_and_behind_tls(run: Run, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with fresh_postgresql(run, nothing) as url, with_role(url):
        for form in forms(place_of(url)):
            uses(named(form))
        front = TlsFront(url, certificates)
        try:
            assert try_all(place_of(url), front.port, certificates) > 60
        finally:
            front.close()


def test_a_postgresql_that_encrypts_by_itself(tmp_path: Path) -> None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    assert found, "There is no PostgreSQL of the system. Install the package postgresql (apt-get install postgresql)."
    folder = Path(tempfile.mkdtemp(prefix="flagkeeper-tls-"))
    folder.chmod(0o755)
    certificates = Certificates(folder)
    if os.geteuid() == 0:
        shutil.chown(certificates.key, "nobody")
    certificates.key.chmod(0o600)
    encrypted = {"ssl": "on", "ssl_cert_file": str(certificates.certificate), "ssl_key_file": str(certificates.key)}
    server = PostgresServer(folder / "server", {**FAST, **encrypted}, programs=found[-1].parent)
    try:
        data = folder / "server/data/pg_hba.conf"
        data.write_text(f'hostnossl all "{ROLE}" all reject\nhost all all samehost trust\n')
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute("SELECT pg_reload_conf()")
        with with_role(server.url):
            assert try_all(place_of(server.url), server.port, certificates) > 60
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.mark.postgres
def test_after_a_failover(tmp_path: Path) -> None:
    """The standby cannot be written, which is found out however it is named; promoted, it is found in every form: first
    of two hosts or second, directly, behind TLS, and behind either pooler."""
    certificates = Certificates(tmp_path)
    with two_clusters() as clusters:
        make_role(clusters.primary.url)
        place = place_of(clusters.standby.url)
        migrate(named({"DATABASE_URL": clusters.hosts}))
        until_now(clusters.agree, 60)
        clusters.primary.stop(keep=True)
        for form in forms(place):
            with pytest.raises((Unavailable, psycopg.OperationalError), match=r"is a standby|is read-only"):
                examine(named(form))
        clusters.promote()
        uses(named({"DATABASE_URL": clusters.hosts}))
        for form in forms(place):
            uses(named(form))
        front = TlsFront(clusters.standby.url, certificates)
        try:
            assert try_all(place, front.port, certificates) > 60
        finally:
            front.close()
        for mode in ("session", "transaction"):
            with PgBouncer(clusters.standby.url, mode) as bouncer:
                for form in forms(place):
                    uses(named({key: value.replace(str(place.port), str(bouncer.port)) for key, value in form.items()}))


@pytest.mark.postgres
def test_behind_a_pooler_that_leaves_nothing_in_a_session(run: Run) -> None:
    with fresh_postgresql(run, nothing) as url:
        pooler = TransactionPooler(url)
        uses(named({"DATABASE_URL": pooler.url}))
        uses(named({"DATABASE_URL": f"{pooler.url}&schema={quote('a b')}"}))
        pooler.close()


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_behind_pgbouncer(run: Run, tmp_path: Path, mode: Mode) -> None:
    certificates = Certificates(tmp_path)
    with fresh_postgresql(run, nothing) as url, with_role(url):
        place = place_of(url)
        with PgBouncer(url, mode) as bouncer:
            for form in forms(place):
                uses(named({key: value.replace(str(place.port), str(bouncer.port)) for key, value in form.items()}))
        with PgBouncer(url, mode, certificates) as bouncer:
            assert try_all(place, bouncer.port, certificates) > 60
