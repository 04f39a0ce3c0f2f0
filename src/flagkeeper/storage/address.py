"""The one reader of addresses of PostgreSQL, in every form that there is: URLs, `host=... dbname=...`, parts.

libpq knows what an address means; what it does not know, other drivers do, and people bring along (`ssl=true`,
`schema=...`). It repeats pieces of what it cannot read, and a password may be among them: so an address that people may
have meant otherwise is refused here, before any driver sees it.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv6Address
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from flagkeeper.environment.database import DatabaseParts, Tls
from flagkeeper.environment.variables import OFF, ON
from flagkeeper.kernel.errors import BadData

FORMS = "The database URL must look like sqlite:///flagkeeper.db or postgresql://user:password@host:5432/name"
_SIGNS = (
    "The address of the database cannot be read as it was meant: in its user and password, any sign that means "
    "something in an address must be written as %XX (@ is %40, / is %2F, ? is %3F, # is %23, % is %25)."
)
_ENCODED = re.compile(r"(?:[^@/?#%\s]|%[0-9A-Fa-f]{2})*")
"""A user with a password as they may stand in an address."""
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""Of encryption, from weak to strong."""
_SCHEMA = ("schema", "currentSchema", "search_path")
"""What drivers call it."""
_MEANINGLESS = ("pgbouncer", "uselibpqcompat")
"""What tells other drivers something that is found out here."""
_SEARCH_PATH = re.compile(r"\s*(?:-c\s*|--)search_path\s*=\s*((?:\\.|[^\s\\])+)")
_AUTHORITIES = (
    "~/.postgresql/root.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where libpq looks for the certificates that it trusts, and where systems keep those that everybody does."""
_PEM = "-----BEGIN"


class Address(msgspec.Struct, frozen=True):
    """What libpq is given to connect."""

    conninfo: str
    schema: str = ""
    """Of the tables; empty: the database's default."""

    def options(self) -> Mapping[str, str]:
        """By libpq's keywords."""
        return {name: str(value) for name, value in conninfo_to_dict(self.conninfo).items()}

    def shown(self) -> str:
        """As it may be printed: without a password."""
        options = self.options()
        hosts = options.get("host", options.get("hostaddr", "")).split(",")
        ports = options.get("port", "5432").split(",")
        ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
        name = quote(options.get("dbname", options.get("user", "")))
        if len(hosts) == 1 and hosts[0].startswith("/"):
            return f"postgresql:///{name}?host={hosts[0]}&port={ports[0]}"
        places = [f"{_bracketed(host or 'localhost')}:{port}" for host, port in zip(hosts, ports, strict=True)]
        return f"postgresql://{','.join(places)}/{name}"


def read_address(url: str, parts: DatabaseParts = DatabaseParts()) -> Address:  # noqa: B008 - it cannot be changed
    """The address of a PostgreSQL database; `parts` say what the URL leaves out.

    Raises:
        BadData: it cannot be read, or could have been meant otherwise. The message repeats no secret.
    """
    options = _of_url(url) if "://" in url else _read_by_libpq(url)
    schema = _schema_of(options) or parts.schema
    for name, value in (
        ("host", "" if "hostaddr" in options else parts.host),
        ("port", parts.port),
        ("dbname", parts.name),
        ("user", parts.user),
        ("password", parts.password),
        ("application_name", parts.application),
    ):
        if value:
            options.setdefault(name, value)
    _encrypt(options, parts.tls)
    _check_hosts(options)
    return Address(make_conninfo("", **dict(sorted(options.items()))), schema)


def without_password(text: str, address: Address) -> str:
    """What a driver says, without the password of the address that it was given."""
    password = address.options().get("password", "")
    for secret in filter(None, {password, quote(password, safe="")}):
        text = text.replace(secret, "***")
    return text


def _of_url(url: str) -> dict[str, str]:
    bare, _, query = url.partition("?")
    rest = bare.partition("://")[2]
    authority, _, path = rest.partition("/")
    credentials, at, places = authority.rpartition("@")
    if "@" in path or "#" in url or not _ENCODED.fullmatch(credentials) or (not at and "@" in query):
        raise BadData(_SIGNS)
    if not _ENCODED.fullmatch(path.replace("/", "")) or "/" in path:
        raise BadData(f"The name of the database cannot be read. {FORMS}")
    for place in filter(None, places.split(",")):
        if not re.fullmatch(r"(\[[^\[\]@/]*\]|[^:\[\]@/\s]*)(:[0-9]*)?", place):
            raise BadData(
                f"A host in the address of the database cannot be read. {FORMS} (An IPv6 address stands in brackets: "
                "postgresql://[::1]:5432/name.)"
            )
    ours: dict[str, str] = {}
    theirs: list[str] = []
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        if not _ENCODED.fullmatch(value.replace("/", "").replace("@", "")):
            raise BadData(_SIGNS)
        if name in ("ssl", *_SCHEMA, *_MEANINGLESS) or (name == "sslmode" and value == "no-verify"):
            ours[name] = unquote(value)
        else:
            theirs.append(item)
    options = _read_by_libpq(f"postgresql://{rest}{'?' if theirs else ''}{'&'.join(theirs)}")
    return _translated(options, ours)


def _translated(options: dict[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """What other drivers call otherwise, in libpq's words."""
    if ours.get("sslmode") == "no-verify":
        options["sslmode"] = "require"
    for name in _SCHEMA:
        if name in ours:
            options["schema"] = ours[name]
    ssl = ours.get("ssl", "").lower()
    if ssl == "":
        return options
    if ssl in OFF and options.get("sslmode", "disable") in _MODES[:3]:
        options["sslmode"] = "disable"
    elif ssl in ON and options.get("sslmode", "require") in _MODES[3:]:
        options.setdefault("sslmode", "verify-full")  # what it meant to the driver that had this word
    elif ssl in ON + OFF:
        raise BadData("ssl and sslmode in the address of the database contradict each other. Leave ssl away.")
    else:
        raise BadData("ssl in the address of the database must be true or false. sslmode says more.")
    return options


def _read_by_libpq(text: str) -> dict[str, str]:
    try:
        found = conninfo_to_dict(text)
    except psycopg.Error as error:
        if unknown := re.search(r'invalid (?:URI query parameter|connection option)[: ]*"([A-Za-z_]+)"', str(error)):
            raise BadData(f"PostgreSQL knows no option {unknown[1]}, which the address of the database has.") from None
        raise BadData(f"The address of the database cannot be read. {FORMS}") from None
    return {name: str(value) for name, value in found.items() if value not in (None, "")}


def _schema_of(options: dict[str, str]) -> str:
    """Taken out of the options: poolers pass no options on, so connections are told of it in other ways."""
    if "schema" in options:
        return options.pop("schema")
    if match := _SEARCH_PATH.search(options.get("options", "")):
        rest = _SEARCH_PATH.sub("", options.pop("options")).strip()
        if rest:
            options["options"] = rest
        return re.sub(r"\\(.)", r"\1", match[1])
    return ""


def _encrypt(options: dict[str, str], tls: Tls | None) -> None:
    """What the address says of encryption, and what the settings do: the stronger counts."""
    stated = options.get("sslmode")
    if stated is not None and stated not in _MODES:
        raise BadData(f"sslmode in the address of the database must be one of {', '.join(_MODES)}.")
    if tls is not None:
        if stated == "disable" and tls.mode != "disable":
            raise BadData("The address of the database says sslmode=disable, and DATABASE_SSL asks for encryption.")
        if stated is None or _MODES.index(stated) < _MODES.index(tls.mode):
            options["sslmode"] = tls.mode
        # libpq wants a key that only its owner can read, which secrets that are mounted are not.
        key = Path(tls.key).read_text() if tls.key and _PEM not in tls.key else tls.key
        for name, pem in (("sslrootcert", tls.ca), ("sslcert", tls.cert), ("sslkey", key)):
            if pem:
                options.setdefault(name, _file_of(pem) if _PEM in pem else pem)
    if options.get("sslmode") == "verify-full":
        found = [str(path) for each in _AUTHORITIES if (path := Path(each).expanduser()).is_file()]
        options.setdefault("sslrootcert", found[0] if found else _AUTHORITIES[0])


@cache
def _file_of(pem: str) -> str:
    """The path of a file that holds this text for as long as the process lives, on no disk: libpq takes files only."""
    descriptor = os.memfd_create("flagkeeper-tls")
    os.fchmod(descriptor, 0o600)
    os.write(descriptor, pem.encode())
    return f"/proc/{os.getpid()}/fd/{descriptor}"


def _check_hosts(options: dict[str, str]) -> None:
    hosts = options.get("host", options.get("hostaddr", "")).split(",")
    ports = options.get("port", "5432").split(",")
    if len(ports) not in (1, len(hosts)):
        raise BadData(
            f"The address of the database has {len(hosts)} hosts and {len(ports)} ports. Give one port or all."
        )
    if not all(re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65_535 for port in ports):
        raise BadData("A port in the address of the database is none: it must be a number from 1 to 65535.")
    if len(hosts) > 1:
        # One of them can be written, and after a failover it is another one.
        options.setdefault("target_session_attrs", "read-write")


def _bracketed(host: str) -> str:
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return host
