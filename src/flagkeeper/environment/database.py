"""The database that environment variables name: an address, and parts that fill in what it leaves out."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec

from flagkeeper.environment.reader import Environment
from flagkeeper.environment.variables import OFF, ON
from flagkeeper.kernel.errors import BadData

_TLS = "DATABASE_SSL", "DATABASE_SSL_CA_CONFIG"


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """How the connection is encrypted. Certificates and keys are PEM, or the path of a file with it."""

    mode: str
    """In libpq's words (`sslmode`)."""
    ca: str = ""
    cert: str = ""
    key: str = ""


class DatabaseParts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a PostgreSQL database besides its address. What is empty is not known."""

    host: str = ""
    """Several, comma separated, are tried in this order."""
    port: str = ""
    name: str = ""
    user: str = ""
    password: str = ""
    schema: str = ""
    application: str = ""
    tls: Tls | None = None


class NamedDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says of the database. Without a `url` it says nothing."""

    url: str | None
    parts: DatabaseParts


def read_database(environment: Environment) -> NamedDatabase:
    """Unleash's order of precedence: the address first, and parts where it says nothing.

    Raises:
        BadData: two databases are named, or something cannot be made sense of.
    """
    own, url = environment("FLAGKEEPER_DATABASE_URL"), environment("DATABASE_URL")
    parts = DatabaseParts(
        host=_host(environment("DATABASE_HOST") or ""),
        port=_port(environment("DATABASE_PORT") or ""),
        name=environment("DATABASE_NAME") or "",
        user=environment("DATABASE_USERNAME") or "",
        password=environment("DATABASE_PASSWORD") or "",
        schema=environment("DATABASE_SCHEMA") or "",
        application=environment("DATABASE_APPLICATION_NAME") or "",
        tls=_tls(environment),
    )
    named = [parts.host, parts.port, parts.name, parts.user, parts.password, parts.schema]
    found = own or url
    if found is None and (any(named) or parts.tls):
        defaults = {"host": "localhost", "name": "unleash", "user": "unleash_user"}
        missing = {name: value for name, value in defaults.items() if not getattr(parts, name)}
        return NamedDatabase(url="postgresql://", parts=msgspec.structs.replace(parts, **missing))
    if found is not None and found.startswith("sqlite:") and own is None and parts.host:
        raise BadData(
            "DATABASE_URL names a file of SQLite, and DATABASE_HOST a PostgreSQL. Take away the one that is not meant."
        )
    return NamedDatabase(url=found, parts=parts)


def _host(text: str) -> str:
    return ",".join(map(_one_host, text.split(","))) if text else ""


def _one_host(text: str) -> str:
    host = text.strip()
    if host.startswith("/"):
        return host
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    if not re.fullmatch(r"[\w.-]+", host):
        raise BadData(
            "DATABASE_HOST must be a name, an address or the folder of a socket. A port belongs into DATABASE_PORT, a "
            "whole address into DATABASE_URL."
        )
    return host


def _port(text: str) -> str:
    ports = [each.strip() for each in text.split(",")] if text else []
    for port in ports:
        if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
            hint = " Kubernetes sets it so for a service of that name: enableServiceLinks: false ends that."
            raise BadData(
                f"DATABASE_PORT must be a port between 1 and 65535, not {text!r}.{hint if '://' in text else ''}"
            )
    return ",".join(ports)


def _tls(environment: Environment) -> Tls | None:
    """Unleash's rules: the first of these that is set says everything."""
    for name in _TLS:
        text = environment(name)
        if text is not None:
            return _tls_of(name, text)
    ca, cert, key = (environment(f"DATABASE_SSL_{each}_FILE") for each in ("CA", "CERT", "KEY"))
    for name, file in (("CA", ca), ("CERT", cert), ("KEY", key)):
        if file and not Path(file).is_file():
            raise BadData(f"DATABASE_SSL_{name}_FILE names {file}, and there is no such file.")
    checked = environment.switch("DATABASE_SSL_REJECT_UNAUTHORIZED")
    if checked is None and not (ca or cert or key):
        return None
    mode = "require" if checked is False else "verify-full"
    return Tls(mode=mode, ca=ca or "", cert=cert or "", key=key or "")


def _tls_of(name: str, text: str) -> Tls:
    if name == "DATABASE_SSL_CA_CONFIG" and not text.lstrip().startswith("{") and Path(text).is_file():
        text = Path(text).read_text("utf-8").strip()
    if text.lower() in ON:
        return Tls(mode="verify-full")
    if text.lower() in OFF:
        return Tls(mode="disable")
    try:
        given = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadData(f'{name} must be true, false, or JSON such as {{"rejectUnauthorized": false}}.') from error
    checked = given.pop("rejectUnauthorized", True)
    files = {each: given.pop(each, "") or "" for each in ("ca", "cert", "key")}
    if given or not isinstance(checked, bool) or not all(isinstance(each, str) for each in files.values()):
        known = "rejectUnauthorized (true or false), ca, cert and key (PEM)"
        others = f", not {', '.join(sorted(given))}" if given else ""
        raise BadData(f"{name} may have {known}{others}.")
    for each, pem in files.items():
        if pem and "-----BEGIN" not in pem:
            raise BadData(f"{each} in {name} must be PEM, which begins with -----BEGIN.")
    return Tls(mode="verify-full" if checked else "require", **files)
