"""Every way to name one PostgreSQL, and what comes of each: what the short and the long matrix have in common."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from flagkeeper.settings import read_settings
from flagkeeper.storage.database import Database, parse_database_url
from tests.certificates import Certificates

ROLE, PASSWORD, SCHEMA = "fla gs", "s3cret@/?#%41 '\\", 'odd "one'
"""Signs that mean something in an address."""


class Place(NamedTuple):
    """Where a PostgreSQL is."""

    port: int
    name: str


def place_of(url: str) -> Place:
    parts = urlsplit(url)
    return Place(parts.port or 5432, parts.path[1:])


def forms(place: Place) -> Iterator[dict[str, str]]:
    """Environments that all name the same database, as the same role, with the same schema."""
    who = f"{quote(ROLE, safe='')}:{quote(PASSWORD, safe='')}"
    schema = quote(SCHEMA, safe="")
    parts = {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(place.port),
        "DATABASE_NAME": place.name,
        "DATABASE_USERNAME": ROLE,
        "DATABASE_PASSWORD": PASSWORD,
        "DATABASE_SCHEMA": SCHEMA,
    }
    yield parts
    yield {**parts, "DATABASE_HOST": "127.0.0.1,127.0.0.1", "DATABASE_PORT": f"1,{place.port}"}
    yield {**parts, "DATABASE_URL": f"postgres://127.0.0.1:{place.port}"}
    yield {"DATABASE_URL": f"postgres://{who}@127.0.0.1:{place.port}/{place.name}?schema={schema}"}
    yield {"DATABASE_URL": f"postgresql://{who}@127.0.0.1:1,127.0.0.1:{place.port}/{place.name}?schema={schema}"}
    yield {
        "DATABASE_URL": f"postgresql:///{place.name}?host=127.0.0.1&port={place.port}&user={quote(ROLE)}",
        **_rest(parts),
    }
    quoted = {name: "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'" for name, value in parts.items()}
    yield {
        "FLAGKEEPER_DATABASE_URL": f"host=127.0.0.1 port={place.port} dbname={place.name} "
        f"user={quoted['DATABASE_USERNAME']} password={quoted['DATABASE_PASSWORD']}",
        "DATABASE_SCHEMA": SCHEMA,
    }


def _rest(parts: dict[str, str]) -> dict[str, str]:
    return {name: parts[name] for name in ("DATABASE_PASSWORD", "DATABASE_SCHEMA")}


def encryptions(certificates: Certificates) -> Iterator[tuple[dict[str, str], str, bool]]:
    """Settings, what stands in the URL, and whether a server that demands TLS, with a certificate of an authority that
    nobody knows, is reached so."""
    ca = str(certificates.authority)
    pem = certificates.authority.read_text().replace("\n", "\\n")
    yield {}, "", True
    yield {}, "?sslmode=disable", False
    yield {"DATABASE_SSL": "false"}, "", False
    yield {"DATABASE_SSL": "true"}, "", False
    yield {}, "?ssl=true", False
    yield {"DATABASE_SSL": '{"rejectUnauthorized": false}'}, "", True
    yield {"DATABASE_SSL": f'{{"rejectUnauthorized": true, "ca": "{pem}"}}'}, "", True
    yield {"DATABASE_SSL_CA_FILE": ca}, "", True
    yield {"DATABASE_SSL_CA_FILE": ca, "DATABASE_SSL": "false"}, "?sslmode=require", True
    yield {"DATABASE_SSL_REJECT_UNAUTHORIZED": "false"}, "", True
    yield {"DATABASE_SSL_REJECT_UNAUTHORIZED": "true"}, "", False
    yield {"DATABASE_SSL_CA_CONFIG": f'{{"ca": "{pem}"}}'}, "?sslmode=require", True
    yield {}, f"?sslmode=verify-full&sslrootcert={ca}", True
    yield {}, "?sslmode=verify-full", False
    yield {}, "?sslmode=no-verify", True


def named(environment: dict[str, str]) -> Database:
    settings = read_settings(environment)
    return parse_database_url(settings.database_url, settings.database_parts)
