"""Every form of an address, with every encryption, directly and behind every pooler that there is here.

pgbouncer takes part where it is installed; our own pooler in transaction mode always does.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from flagkeeper.storage.database import Database
from flagkeeper.storage.examine import examine
from flagkeeper.storage.migrate import migrate
from flagkeeper.storage.probe import PROBE, UNPROBE
from flagkeeper.storage.transaction import Transaction
from tests.certificates import Certificates
from tests.database_forms import PASSWORD, ROLE, encryptions, forms, named, place_of
from tests.databases import Run, fresh_postgresql
from tests.pooler import TransactionPooler
from tests.tls_front import TlsFront

MODES = ("session", "transaction")


def nothing(_url: str) -> None:
    """Leaves the database empty."""


@contextmanager
def pgbouncer(url: str, mode: str, folder: Path) -> Iterator[str]:
    place, program = place_of(url), shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    assert program
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir()
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n{place.name} = host=127.0.0.1 port={place.port} dbname={place.name} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = {mode}\n"
        f"default_pool_size = {20 if mode == 'session' else 3}\nmax_client_conn = 200\n"
        f"logfile = {folder}/log\npidfile = {folder}/pid\n"
        "unix_socket_dir =\nuser = nobody\n"
    )
    for each in (folder, *folder.parents):
        if each.stat().st_mode & 0o005 != 0o005 and each.is_relative_to("/tmp") and each != Path("/tmp"):
            each.chmod(each.stat().st_mode | 0o055)
    folder.chmod(0o777)
    process = subprocess.Popen([program, "-q", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield url.replace(f":{place.port}/", f":{port}/")
    finally:
        process.terminate()
        process.wait(10)


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


@pytest.mark.postgres
def test_the_whole_matrix(run: Run, tmp_path: Path) -> None:
    certificates, tried = Certificates(tmp_path), 0
    with fresh_postgresql(run, nothing) as url, psycopg.connect(url, autocommit=True) as admin:
        name, place = sql.Identifier(ROLE), place_of(url)
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}").format(name, sql.Literal(PASSWORD)))
        front = TlsFront(url, certificates)
        try:
            for form in forms(place):
                uses(named(form))
                for settings, query, reached in encryptions(certificates):
                    through = {key: value.replace(str(place.port), str(front.port)) for key, value in form.items()}
                    through = {key: value.replace("127.0.0.1", "localhost") for key, value in through.items()}
                    if query and "DATABASE_URL" not in through:
                        continue
                    if query and through["DATABASE_URL"]:
                        address = through["DATABASE_URL"]
                        through["DATABASE_URL"] = address + (query.replace("?", "&") if "?" in address else query)
                    database = named({**through, **settings})
                    try:
                        uses(database)
                        found = True
                    except psycopg.OperationalError:
                        found = False
                    assert found == reached, (through, settings, query)
                    tried += 1
        finally:
            front.close()
            admin.execute(sql.SQL("DROP OWNED BY {} CASCADE; DROP ROLE {}").format(name, name))
    assert tried > 60


@pytest.mark.postgres
def test_behind_every_pooler(run: Run, tmp_path: Path) -> None:
    with fresh_postgresql(run, nothing) as url:
        pooler = TransactionPooler(url)
        uses(named({"DATABASE_URL": pooler.url}))
        uses(named({"DATABASE_URL": f"{pooler.url}&schema={quote('a b')}"}))
        pooler.close()
        if shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin"):
            for mode in MODES:
                with pgbouncer(url, mode, tmp_path / mode) as address:
                    uses(named({"DATABASE_URL": address}))
                    uses(named({"DATABASE_URL": address, "DATABASE_SCHEMA": f"of {mode}"}))
