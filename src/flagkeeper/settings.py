"""Settings, read once from the environment by `app` and `cli`. `environment.variables` lists what there is to set."""

from collections.abc import Mapping
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec

from flagkeeper.environment.database import DatabaseParts, read_database
from flagkeeper.environment.reader import Environment, Unused
from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.limits import Limits, PerMinute

DEFAULT_DATABASE = "sqlite:///flagkeeper.db"
PROXY_HEADERS = ("x-forwarded-for", "forwarded", "x-real-ip")
_LOG_LEVELS = {"debug": "debug", "info": "info", "warn": "warning", "error": "error", "fatal": "critical"}
"""Unleash's names, and Python's."""
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - these are what is looked for
_MAY_BE_NONE = ("segments", "constraints", "api_tokens")
"""Limits that Unleash lets be 0."""
_PER_MINUTE = {
    "logins": "SIMPLE_LOGIN_LIMIT_PER_MINUTE",
    "new_users": "CREATE_USER_RATE_LIMIT_PER_MINUTE",
    "reset_mails": "PASSWORD_RESET_LIMIT_PER_MINUTE",
    "sign_ups": "FLAGKEEPER_SIGN_UP_LIMIT_PER_MINUTE",
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this server is to run."""

    database_url: str = DEFAULT_DATABASE
    """`FLAGKEEPER_DATABASE_URL` or `DATABASE_URL`, in any form that `storage.address` reads."""
    database_parts: DatabaseParts = DatabaseParts()
    """`DATABASE_HOST` and the like: what the address leaves out."""
    migrates: bool = True
    """`DATABASE_DISABLE_MIGRATION`: a server does not migrate its database."""
    host: str = "0.0.0.0"  # noqa: S104 - a server is there to be reached; AUTH_TYPE=none narrows it
    """`HTTP_HOST`."""
    port: int = 4242
    """`HTTP_PORT` or `PORT`."""
    public_url: str = ""
    """`UNLEASH_URL` or `FLAGKEEPER_URL`: where people reach the server; links in summaries start with it."""
    base_uri_path: str | None = None
    """`BASE_URI_PATH`."""
    auth_type: str = "open-source"
    """`AUTH_TYPE`: `open-source` (passwords) or `none` (no login at all)."""
    allow_open: bool = False
    """`FLAGKEEPER_ALLOW_OPEN`: let a server without login listen on more than loopback."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """`FLAGKEEPER_TRUSTED_PROXIES`: networks, comma separated, whose headers about the caller are believed."""
    proxy_header: str = "x-forwarded-for"
    """`FLAGKEEPER_PROXY_HEADER`: which of them says where a request came from."""
    evaluations_per_minute: int | None = None
    """`FLAGKEEPER_EVALUATIONS_PER_MINUTE`: of one token, on one server."""
    idle_time: int = 75
    """`SERVER_KEEPALIVE_TIMEOUT`: seconds between two requests of a connection."""
    drain_time: float = 5
    """`GRACEFUL_SHUTDOWN_TIMEOUT`, which is in milliseconds: seconds that requests get to end."""
    admin_username: str = "admin"
    """`UNLEASH_DEFAULT_ADMIN_USERNAME`."""
    admin_password: str | None = None
    """`UNLEASH_DEFAULT_ADMIN_PASSWORD`; without it the first start makes one up and prints it once."""
    admin_tokens: tuple[str, ...] = ()
    """`INIT_ADMIN_API_TOKENS`, comma separated."""
    backend_tokens: tuple[str, ...] = ()
    """`INIT_BACKEND_API_TOKENS` or `INIT_CLIENT_API_TOKENS`."""
    frontend_tokens: tuple[str, ...] = ()
    """`INIT_FRONTEND_API_TOKENS`."""
    session_hours: int = 48
    """`SESSION_TTL_HOURS`: how long a session lasts."""
    most_sessions: int = 5
    """`MAX_PARALLEL_SESSIONS` of one person: for one more, the oldest ends."""
    inactive_after_days: int = 180
    """`USER_INACTIVITY_THRESHOLD_IN_DAYS`: people who were not seen for so long are listed as inactive."""
    secure_cookies: bool = False
    """`SECURE_HEADERS`: cookies for https only, and HSTS."""
    access_log: bool = False
    """`FLAGKEEPER_ACCESS_LOG` or `REQUEST_LOGGER_ENABLE`: a line in the log for every request."""
    log_format: str = "console"
    """`FLAGKEEPER_LOG_FORMAT`: `console` or `json`."""
    log_level: str = "info"
    """`LOG_LEVEL`, in Python's words."""

    outbound_allow: tuple[str, ...] = ()
    """`FLAGKEEPER_OUTBOUND_ALLOW`: networks, addresses and host names, comma separated, that integrations may reach
    although they are not public (`outbound.address.read_policy`)."""
    allow_private_integrations: bool = False
    """`UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION`: integrations may reach every private address."""
    secret_keys: tuple[str, ...] = ()
    """`FLAGKEEPER_SECRET_KEY`: seals the secrets of integrations; several, comma separated, while keys are exchanged,
    the newest first."""
    integration_events_days: int = 30
    """`FLAGKEEPER_INTEGRATION_EVENTS_DAYS`: how long attempts to deliver events, and finished deliveries, are kept."""
    retry_scale: float = 1.0
    """`FLAGKEEPER_RETRY_SCALE`: shortens the waits between attempts to deliver an event; for tests."""
    live_tails: int = 1_000
    """`FLAGKEEPER_LIVE_TAILS`: how many may follow the event log through one process at a time."""
    sdk_streams: int = 10_000
    """`FLAGKEEPER_SDK_STREAMS`: how many SDKs may listen to one process at a time; others are told to poll."""
    ofrep_streams: int = 2_000
    """`FLAGKEEPER_OFREP_STREAMS`: how many providers of OpenFeature may listen to one process at a time; others are
    offered no stream, and poll. 0: none is."""
    archive: str = ""
    """`FLAGKEEPER_ARCHIVE`: where old events go, `/a/directory` or `s3://bucket/prefix`. The keys of a bucket are those
    of the SDK's environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, ...)."""
    archive_endpoint: str = ""
    """`FLAGKEEPER_ARCHIVE_ENDPOINT`: of an S3-compatible service that is not Amazon's."""
    archive_region: str = ""
    """`FLAGKEEPER_ARCHIVE_REGION`; by default that of the SDK's environment."""
    log_keep_days: int | None = None
    """`FLAGKEEPER_LOG_KEEP_DAYS`: events older than this go into the archive."""
    log_keep_events: int | None = None
    """`FLAGKEEPER_LOG_KEEP_EVENTS`: events beyond the newest so many go into the archive."""
    import_file: str = ""
    """`IMPORT_FILE`: a document that is imported at the start, once: a state of a server, or exported flags."""
    import_drop: bool = False
    """`IMPORT_DROP_BEFORE_IMPORT`: what a state does not have is removed."""
    import_keep: bool = True
    """`IMPORT_KEEP_EXISTING`: what is there already stays as it is."""
    import_project: str = "default"
    """`IMPORT_PROJECT`: where exported flags go."""
    import_environment: str = "development"
    """`IMPORT_ENVIRONMENT`."""
    limits: Limits = Limits()
    """`UNLEASH_<NAME>_LIMIT` for each of `kernel.limits.Limits`."""
    per_minute: PerMinute = PerMinute()
    """The variables are those that `kernel.limits.PerMinute` names."""
    frontend_origins: tuple[str, ...] = ("*",)
    """`UNLEASH_FRONTEND_API_ORIGINS`: from which sites browsers may ask the frontend API, until an administrator says
    otherwise."""
    edge_client_secret: str = ""
    """`EDGE_CLIENT_SECRET`: what proxies (Edge) sign their requests for tokens with. Empty: none gets any."""
    mail_server: str = ""
    """`smtp://host:port` or, with `EMAIL_SECURE`, `smtps://host:port`: from `EMAIL_HOST` and `EMAIL_PORT`. Empty: this
    server sends no mail to people."""
    mail_username: str = ""
    """`EMAIL_USER`."""
    mail_password: str = ""
    """`EMAIL_PASSWORD`."""
    mail_sender: str = ""
    """The address in `EMAIL_SENDER`, by which people see who wrote to them."""
    unused: tuple[Unused, ...] = ()
    """Variables that are set and do nothing here."""

    def base_url(self) -> str:
        """Where people reach the server, without a slash at the end."""
        return self.public_url or f"http://{self.authority()}{self.base_path()}"

    def base_path(self) -> str:
        """Where people find the server below its host: empty, or a path without a slash at the end."""
        return urlsplit(self.public_url).path if self.base_uri_path is None else self.base_uri_path

    def authority(self) -> str:
        """Host and port on which it listens, as a URL of this machine has them."""
        return _authority("localhost" if self.host in (*_EVERYWHERE, "127.0.0.1") else self.host, self.port)

    def listens_on(self) -> str:
        """Address and port, as they were set."""
        return _authority(self.host, self.port)

    def no_login(self) -> bool:
        return self.auth_type == "none"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables.

    Raises:
        BadData: a variable has a value that makes no sense; the message names it.
    """
    read = Environment(environment)
    database = read_database(read)
    found: dict[str, Any] = {
        "database_url": database.url,
        "database_parts": database.parts,
        "host": _bare(read("HTTP_HOST")),
        "port": read.number("HTTP_PORT", "PORT"),
        "public_url": read.url("UNLEASH_URL", "FLAGKEEPER_URL"),
        "base_uri_path": read.path("BASE_URI_PATH"),
        "auth_type": _auth_type(read("AUTH_TYPE")),
        "allow_open": read.switch("FLAGKEEPER_ALLOW_OPEN"),
        "trusted_proxies": read.networks("FLAGKEEPER_TRUSTED_PROXIES"),
        "proxy_header": read.choice("FLAGKEEPER_PROXY_HEADER", PROXY_HEADERS),
        "evaluations_per_minute": read.count("FLAGKEEPER_EVALUATIONS_PER_MINUTE"),
        "idle_time": read.count("SERVER_KEEPALIVE_TIMEOUT", most=86_400),
        "admin_username": read("UNLEASH_DEFAULT_ADMIN_USERNAME"),
        "admin_password": read("UNLEASH_DEFAULT_ADMIN_PASSWORD"),
        "admin_tokens": read.items("INIT_ADMIN_API_TOKENS"),
        "backend_tokens": read.items("INIT_BACKEND_API_TOKENS", "INIT_CLIENT_API_TOKENS"),
        "frontend_tokens": read.items("INIT_FRONTEND_API_TOKENS"),
        "session_hours": read.count("SESSION_TTL_HOURS", most=24 * 365),
        "most_sessions": read.count("MAX_PARALLEL_SESSIONS", most=10_000),
        "inactive_after_days": read.count("USER_INACTIVITY_THRESHOLD_IN_DAYS", most=36_500),
        "secure_cookies": read.switch("SECURE_HEADERS"),
        "access_log": read.switch("FLAGKEEPER_ACCESS_LOG", "REQUEST_LOGGER_ENABLE"),
        "log_format": read.choice("FLAGKEEPER_LOG_FORMAT", ("console", "json")),
        "log_level": _LOG_LEVELS.get((read.choice("LOG_LEVEL", (*_LOG_LEVELS, "warning")) or "").replace("ing", "")),
        "outbound_allow": read.items("FLAGKEEPER_OUTBOUND_ALLOW"),
        "allow_private_integrations": read.switch("UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION"),
        "secret_keys": read.items("FLAGKEEPER_SECRET_KEY"),
        "integration_events_days": read.count("FLAGKEEPER_INTEGRATION_EVENTS_DAYS"),
        "retry_scale": read.share("FLAGKEEPER_RETRY_SCALE"),
        "live_tails": read.count("FLAGKEEPER_LIVE_TAILS"),
        "sdk_streams": read.count("FLAGKEEPER_SDK_STREAMS", least=0),
        "ofrep_streams": read.count("FLAGKEEPER_OFREP_STREAMS", least=0),
        "archive": read("FLAGKEEPER_ARCHIVE"),
        "archive_endpoint": read("FLAGKEEPER_ARCHIVE_ENDPOINT"),
        "archive_region": read("FLAGKEEPER_ARCHIVE_REGION"),
        "frontend_origins": read.origins("UNLEASH_FRONTEND_API_ORIGINS"),
        "edge_client_secret": read("EDGE_CLIENT_SECRET"),
        "import_file": read("IMPORT_FILE"),
        "import_drop": read.switch("IMPORT_DROP_BEFORE_IMPORT"),
        "import_keep": read.switch("IMPORT_KEEP_EXISTING"),
        "import_project": read("IMPORT_PROJECT"),
        "import_environment": read("IMPORT_ENVIRONMENT"),
        "log_keep_days": read.count("FLAGKEEPER_LOG_KEEP_DAYS"),
        "log_keep_events": read.count("FLAGKEEPER_LOG_KEEP_EVENTS", most=10**12),
    }
    if read.switch("DATABASE_DISABLE_MIGRATION"):
        found["migrates"] = False
    if (milliseconds := read.count("GRACEFUL_SHUTDOWN_TIMEOUT", least=0, most=600_000)) is not None:
        found["drain_time"] = milliseconds / 1000
    limits = {
        name: read.count(f"UNLEASH_{name.upper()}_LIMIT", least=0 if name in _MAY_BE_NONE else 1)
        for name in Limits.__struct_fields__
    }
    per_minute = {name: read.count(variable) for name, variable in _PER_MINUTE.items()}
    found["per_minute"] = PerMinute(**{name: most for name, most in per_minute.items() if most is not None})
    found |= _mail(read)
    found["limits"] = Limits(**{name: limit for name, limit in limits.items() if limit is not None})
    found["unused"] = read.unused()
    return _checked(Settings(**{name: value for name, value in found.items() if value is not None}), environment)


def _checked(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Raises `BadData`: settings that make sense each for itself contradict each other."""
    if not settings.archive and (settings.log_keep_days or settings.log_keep_events or settings.archive_endpoint):
        raise BadData(
            "FLAGKEEPER_LOG_KEEP_DAYS, _KEEP_EVENTS and FLAGKEEPER_ARCHIVE_ENDPOINT say what goes into an archive, and "
            "there is none: set FLAGKEEPER_ARCHIVE to a directory or an s3:// address. Events are never just deleted."
        )
    given = [*map(set, (settings.admin_tokens, settings.backend_tokens, settings.frontend_tokens))]
    if sum(map(len, given)) > len(set().union(*given)):
        raise BadData(
            "INIT_ADMIN_API_TOKENS, INIT_BACKEND_API_TOKENS (INIT_CLIENT_API_TOKENS) and INIT_FRONTEND_API_TOKENS have "
            "a token in common. A token is of one kind: choose another secret for each."
        )
    path = urlsplit(settings.public_url).path
    if settings.public_url and settings.base_uri_path and not path:
        settings = msgspec.structs.replace(settings, public_url=f"{settings.public_url}{settings.base_uri_path}")
    elif settings.public_url and settings.base_uri_path is not None and settings.base_uri_path != path:
        raise BadData(
            f"BASE_URI_PATH is {settings.base_uri_path or '/'}, and the path in UNLEASH_URL is {path}. They name the "
            "same place: give both the same path, or leave BASE_URI_PATH away."
        )
    if settings.no_login() and not settings.allow_open and not environment.get("HTTP_HOST", "").strip():
        settings = msgspec.structs.replace(settings, host="127.0.0.1")
    if settings.no_login() and not settings.allow_open and not _is_loopback(settings.host):
        raise BadData(
            f"AUTH_TYPE=none gives everybody full access, so it listens on loopback only, not on {settings.host}. "
            "Set FLAGKEEPER_ALLOW_OPEN=true if you really want that."
        )
    return settings


def _auth_type(text: str | None) -> str | None:
    if text is None or text.lower() in ("open-source", "none"):
        return text and text.lower()
    raise BadData(
        f"AUTH_TYPE must be open-source or none, not {text!r}. demo, custom, hosted and enterprise log people in by "
        "means that this server does not have: set open-source, and people log in with their passwords."
    )


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bare(host: str | None) -> str | None:
    """An address as sockets take it: without brackets."""
    return host[1:-1] if host and host.startswith("[") and host.endswith("]") else host


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _mail(read: Environment) -> dict[str, Any]:
    """Who sends mails to people, and how. Nothing, where no server is named."""
    host, (_, sender) = read("EMAIL_HOST"), parseaddr(read("EMAIL_SENDER") or "")
    secure = read.switch("EMAIL_SECURE") or False
    port = read.number("EMAIL_PORT") or (465 if secure else 587)
    username, password = read("EMAIL_USER"), read("EMAIL_PASSWORD")
    if host is None:
        return {}
    if "@" not in sender:
        raise BadData("EMAIL_HOST names a mail server, so EMAIL_SENDER must be the address that mails come from.")
    return {
        "mail_server": f"{'smtps' if secure else 'smtp'}://{_authority(host, port)}",
        "mail_username": username,
        "mail_password": password,
        "mail_sender": sender,
    }
