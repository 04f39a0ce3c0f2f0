"""The reader of database addresses: every form means what it says, or is refused in a sentence without a secret."""

import stat
from pathlib import Path

import psycopg
import pytest

from flagkeeper.environment.database import DatabaseParts, Tls
from flagkeeper.kernel.errors import BadData
from flagkeeper.storage.address import read_address
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.dialects import Dialect

PARTS = DatabaseParts(host="h", port="1", name="n", user="u", password="p%", application="a")


@pytest.mark.parametrize(
    ("url", "parts", "options", "shown"),
    [
        (
            "postgres://u:p@h:1/n",
            None,
            {"user": "u", "password": "p", "host": "h", "port": "1", "dbname": "n"},
            "h:1/n",
        ),
        (
            "postgresql://u:a%40%2F%25@h/n",
            None,
            {"user": "u", "password": "a@/%", "host": "h", "dbname": "n"},
            "h:5432/n",
        ),
        ("postgresql://u:a:b[c@h/n", None, {"user": "u", "password": "a:b[c", "host": "h", "dbname": "n"}, "h:5432/n"),
        ("postgresql://[::1]:5/n", None, {"host": "::1", "port": "5", "dbname": "n"}, "[::1]:5/n"),
        ("postgresql://h/a%20b", None, {"host": "h", "dbname": "a b"}, "h:5432/a%20b"),
        ("postgresql:///n?host=/run/pg&port=7", None, {"host": "/run/pg", "port": "7", "dbname": "n"}, None),
        ("postgresql://%2Frun%2Fpg/n", None, {"host": "/run/pg", "dbname": "n"}, None),
        (
            "postgresql://a:1,b:2/n",
            None,
            {"host": "a,b", "port": "1,2", "dbname": "n", "target_session_attrs": "read-write"},
            "a:1,b:2/n",
        ),
        ("host=::1 dbname=n password='a b'", None, {"host": "::1", "dbname": "n", "password": "a b"}, "[::1]:5432/n"),
        (
            "postgresql://h/n?sslmode=no-verify&pgbouncer=true",
            None,
            {"host": "h", "dbname": "n", "sslmode": "require"},
            None,
        ),
        ("postgresql://h/n?ssl=0", None, {"host": "h", "dbname": "n", "sslmode": "disable"}, None),
        ("postgresql://h/n?ssl=true&sslmode=require", None, {"host": "h", "dbname": "n", "sslmode": "require"}, None),
        (
            "postgresql://",
            PARTS,
            {"host": "h", "port": "1", "dbname": "n", "user": "u", "password": "p%", "application_name": "a"},
            "h:1/n",
        ),
        (
            "postgresql://x:y@z/w",
            PARTS,
            {"host": "z", "port": "1", "dbname": "w", "user": "x", "password": "y", "application_name": "a"},
            "z:1/w",
        ),
    ],
)
def test_what_an_address_means(
    url: str, parts: DatabaseParts | None, options: dict[str, str], shown: str | None
) -> None:
    address = read_address(url, parts or DatabaseParts())
    assert address.options() == options
    if shown:
        assert address.shown() == f"postgresql://{shown}"
    assert read_address(address.conninfo) == address


@pytest.mark.parametrize(
    ("url", "schema", "left"),
    [
        ("postgresql://h/n?schema=flags", "flags", None),
        ("postgresql://h/n?currentSchema=flags", "flags", None),
        ("postgresql://h/n?options=-c%20search_path%3Dflags%20-c%20geqo%3Doff", "flags", "-c geqo=off"),
        ("host=h dbname=n options=-csearch_path=flags", "flags", None),
        ("postgresql://h/n", "theirs", None),
    ],
)
def test_the_schema_is_found_wherever_it_stands(url: str, schema: str, left: str | None) -> None:
    address = read_address(url, DatabaseParts(schema="theirs"))
    assert (address.schema, address.options().get("options")) == (schema, left)


@pytest.mark.parametrize(
    ("query", "mode", "used"),
    [
        ("", "require", "require"),
        ("?sslmode=prefer", "verify-full", "verify-full"),
        ("?sslmode=verify-full", "require", "verify-full"),
        ("?sslmode=require", "disable", "require"),
        ("?ssl=true", "require", "verify-full"),
        ("", "disable", "disable"),
    ],
)
def test_the_stronger_encryption_counts(query: str, mode: str, used: str) -> None:
    options = read_address(f"postgresql://h/n{query}", DatabaseParts(tls=Tls(mode=mode))).options()
    assert options["sslmode"] == used
    assert ("sslrootcert" in options) == (used == "verify-full"), "it is checked against something"


def test_certificates_that_are_given_as_text_become_files_that_only_we_can_read() -> None:
    tls = Tls(mode="verify-full", ca="-----BEGIN CERTIFICATE-----", key="-----BEGIN PRIVATE KEY-----")
    options = read_address("postgresql://h/n", DatabaseParts(tls=tls)).options()
    key = Path(options["sslkey"])
    assert (key.read_text(), Path(options["sslrootcert"]).read_text()) == (tls.key, tls.ca)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_ISREG(key.stat().st_mode)


@pytest.mark.parametrize(
    "address",
    [
        "postgres://flags:Hush%zzQuiet@127.0.0.1:1/x",
        "postgresql://flags:Hush%Quiet@127.0.0.1:1/x",
        "postgresql://flags:Hush@Quiet@127.0.0.1:1/x",
        "postgresql://flags:Hush/Quiet@127.0.0.1:1/x",
        "postgresql://flags:Hush?Quiet@127.0.0.1:1/x",
        "postgresql://flags:Hush#Quiet@127.0.0.1:1/x",
        "postgresql://flags:Hush Quiet@127.0.0.1:1/x",
        "postgresql://flags@127.0.0.1:1/x?password=HushQuiet&sslmode=Quiet",
        "postgresql://flags@127.0.0.1:1/x?password=Hush%zzQuiet",
        "postgresql://127.0.0.1:1/x?user=flags&password=Hush@Quiet",
        "postgresql://flags:HushQuiet@127.0.0.1:1/x?colour=HushQuiet",
        "postgresql://flags:HushQuiet@::1:1/x",
        "postgresql://flags:HushQuiet@h:99999/x",
        "postgresql://flags:HushQuiet@a:1,b:2,c/x",
        "postgresql://flags:HushQuiet@h/x/y",
        "postgresql://flags:HushQuiet@h/x?ssl=true&sslmode=disable",
        "postgresql://flags:HushQuiet@h/x?ssl=perhaps",
        "host=h password=Hush Quiet dbname=x",
        "mysql://flags:HushQuiet@h/x",
        "postgresql:flags:HushQuiet@h/x",
        "sqlite:///:memory:",
        "sqlite:///HushQuiet.db?mode=ro",
        "HushQuiet",
    ],
)
def test_what_cannot_be_read_is_refused_without_a_piece_of_it(address: str) -> None:
    with pytest.raises(BadData) as refused:
        parse_database_url(address)
    assert "Hush" not in refused.value.message
    assert "Quiet" not in refused.value.message


def test_an_address_that_forbids_encryption_and_a_setting_that_demands_it_contradict_each_other() -> None:
    with pytest.raises(BadData, match="DATABASE_SSL"):
        read_address("postgresql://h/n?sslmode=disable", DatabaseParts(tls=Tls(mode="require")))


@pytest.mark.parametrize(
    "url", ["postgresql://flags:HushQuiet%40@127.0.0.1:1/x", "host=127.0.0.1 port=1 password=HushQuiet@"]
)
def test_a_password_is_never_printed(url: str) -> None:
    database = parse_database_url(url)
    assert "Hush" not in database.shown()
    with pytest.raises(psycopg.Error) as failed:
        database.connect()
    told = database.told(failed.value)
    assert "127.0.0.1" in told
    assert "Hush" not in told
    assert database.told(Exception('bad "HushQuiet@" or HushQuiet%40 \n and more')) == 'bad "***" or ***'
    assert Database(Dialect.SQLITE, "x.db").told(Exception()) == "Exception"
