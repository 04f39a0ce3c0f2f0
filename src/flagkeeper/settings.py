"""Settings, read once from the environment by `app` and `cli`. Unleash's names are accepted where it has one; our own
start with `FLAGKEEPER_`."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import quote

import msgspec

from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.limits import Limits

DEFAULT_DATABASE = "sqlite:///flagkeeper.db"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this server is to run."""

    database_url: str = DEFAULT_DATABASE
    """`FLAGKEEPER_DATABASE_URL`, `DATABASE_URL`, or `DATABASE_HOST` with `_PORT`, `_NAME`, `_USERNAME`, `_PASSWORD`."""
    host: str = "0.0.0.0"  # noqa: S104 - a server is there to be reached; AUTH_TYPE=none narrows it
    """`HTTP_HOST`."""
    port: int = 4242
    """`PORT` or `HTTP_PORT`."""
    public_url: str = ""
    """`UNLEASH_URL` or `FLAGKEEPER_URL`: where people reach the server; links in summaries start with it."""
    auth_type: str = "open-source"
    """`AUTH_TYPE`: `open-source` (passwords) or `none` (no login at all)."""
    allow_open: bool = False
    """`FLAGKEEPER_ALLOW_OPEN`: let a server without login listen on more than loopback."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """`FLAGKEEPER_TRUSTED_PROXIES`: networks, comma separated, whose `X-Forwarded-For` is believed."""
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
    secure_cookies: bool = False
    """`SECURE_HEADERS`: cookies for https only, and HSTS."""
    access_log: bool = False
    """`FLAGKEEPER_ACCESS_LOG`: a line in the log for every request."""
    log_format: str = "console"
    """`FLAGKEEPER_LOG_FORMAT`: `console` or `json`."""
    log_level: str = "info"
    """`LOG_LEVEL`."""

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
    limits: Limits = Limits()
    """`UNLEASH_<NAME>_LIMIT` for each of `kernel.limits.Limits`."""

    def base_url(self) -> str:
        """Where people reach the server, without a slash at the end."""
        host = "localhost" if self.host in ("0.0.0.0", "::", "127.0.0.1") else self.host  # noqa: S104
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    def no_login(self) -> bool:
        return self.auth_type == "none"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables.

    Raises:
        BadData: a variable has a value that makes no sense; the message names it.
    """
    first = _First(environment)
    found: dict[str, Any] = {
        "database_url": first("FLAGKEEPER_DATABASE_URL", "DATABASE_URL") or _database_of_parts(environment),
        "host": first("HTTP_HOST"),
        "port": first.number("PORT", "HTTP_PORT"),
        "public_url": first("UNLEASH_URL", "FLAGKEEPER_URL"),
        "auth_type": first.choice("AUTH_TYPE", ("open-source", "none")),
        "allow_open": first.switch("FLAGKEEPER_ALLOW_OPEN"),
        "trusted_proxies": first.networks("FLAGKEEPER_TRUSTED_PROXIES"),
        "admin_username": first("UNLEASH_DEFAULT_ADMIN_USERNAME"),
        "admin_password": first("UNLEASH_DEFAULT_ADMIN_PASSWORD"),
        "admin_tokens": first.items("INIT_ADMIN_API_TOKENS"),
        "backend_tokens": first.items("INIT_BACKEND_API_TOKENS", "INIT_CLIENT_API_TOKENS"),
        "frontend_tokens": first.items("INIT_FRONTEND_API_TOKENS"),
        "secure_cookies": first.switch("SECURE_HEADERS"),
        "access_log": first.switch("FLAGKEEPER_ACCESS_LOG"),
        "log_format": first.choice("FLAGKEEPER_LOG_FORMAT", ("console", "json")),
        "log_level": first.choice("LOG_LEVEL", ("debug", "info", "warning", "error")),
        "outbound_allow": first.items("FLAGKEEPER_OUTBOUND_ALLOW"),
        "allow_private_integrations": first.switch("UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION"),
        "secret_keys": first.items("FLAGKEEPER_SECRET_KEY"),
        "integration_events_days": first.count("FLAGKEEPER_INTEGRATION_EVENTS_DAYS"),
        "retry_scale": first.share("FLAGKEEPER_RETRY_SCALE"),
        "live_tails": first.count("FLAGKEEPER_LIVE_TAILS"),
        "archive": first("FLAGKEEPER_ARCHIVE"),
        "archive_endpoint": first("FLAGKEEPER_ARCHIVE_ENDPOINT"),
        "archive_region": first("FLAGKEEPER_ARCHIVE_REGION"),
        "log_keep_days": first.count("FLAGKEEPER_LOG_KEEP_DAYS"),
        "log_keep_events": first.count("FLAGKEEPER_LOG_KEEP_EVENTS", most=10**12),
    }
    limits = {name: first.count(f"UNLEASH_{name.upper()}_LIMIT") for name in Limits.__struct_fields__}
    found["limits"] = Limits(**{name: limit for name, limit in limits.items() if limit is not None})
    settings = Settings(**{name: value for name, value in found.items() if value is not None})
    if not settings.archive and (settings.log_keep_days or settings.log_keep_events or settings.archive_endpoint):
        raise BadData(
            "FLAGKEEPER_LOG_KEEP_DAYS, _KEEP_EVENTS and FLAGKEEPER_ARCHIVE_ENDPOINT say what goes into an archive, and "
            "there is none: set FLAGKEEPER_ARCHIVE to a directory or an s3:// address. Events are never just deleted."
        )
    if settings.no_login() and not settings.allow_open and "HTTP_HOST" not in environment:
        settings = msgspec.structs.replace(settings, host="127.0.0.1")
    if settings.no_login() and not settings.allow_open and not _is_loopback(settings.host):
        raise BadData(
            f"AUTH_TYPE=none gives everybody full access, so it listens on loopback only, not on {settings.host}. "
            "Set FLAGKEEPER_ALLOW_OPEN=true if you really want that."
        )
    return settings


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _database_of_parts(environment: Mapping[str, str]) -> str | None:
    host = environment.get("DATABASE_HOST")
    if not host:
        return None
    user = quote(environment.get("DATABASE_USERNAME", "unleash_user"), safe="")
    password = quote(environment.get("DATABASE_PASSWORD", ""), safe="")
    credentials = f"{user}:{password}" if password else user
    port = environment.get("DATABASE_PORT", "5432")
    return f"postgresql://{credentials}@{host}:{port}/{environment.get('DATABASE_NAME', 'unleash')}"


class _First:
    """The first of several variables that is set and not empty."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __call__(self, *names: str) -> str | None:
        return next((value for name in names if (value := self._environment.get(name, "").strip())), None)

    def items(self, *names: str) -> tuple[str, ...] | None:
        text = self(*names)
        return None if text is None else tuple(item.strip() for item in text.split(",") if item.strip())

    def number(self, *names: str) -> int | None:
        text = self(*names)
        if text is None:
            return None
        if not text.isdigit() or not 0 <= int(text) <= 65_535:
            raise BadData(f"{' or '.join(names)} must be a port between 0 and 65535, not {text!r}.")
        return int(text)

    def count(self, name: str, most: int = 1_000_000) -> int | None:
        text = self(name)
        if text is not None and (not text.isdigit() or len(text) > 20 or not 1 <= int(text) <= most):
            raise BadData(f"{name} must be a whole number from 1 to {most}, not {text!r}.")
        return None if text is None else int(text)

    def share(self, name: str) -> float | None:
        text = self(name)
        try:
            found = None if text is None else float(text)
        except ValueError:
            found = 0.0
        if found is not None and not 0 < found <= 1:
            raise BadData(f"{name} must be a number above 0 and up to 1, not {text!r}.")
        return found

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        text = self(name)
        if text is not None and text.lower() not in allowed:
            raise BadData(f"{name} must be one of {', '.join(allowed)}, not {text!r}.")
        return None if text is None else text.lower()

    def switch(self, name: str) -> bool | None:
        text = self.choice(name, ("true", "false", "1", "0", "yes", "no"))
        return None if text is None else text in ("true", "1", "yes")

    def networks(self, name: str) -> tuple[IPv4Network | IPv6Network, ...] | None:
        items = self.items(name)
        try:
            return None if items is None else tuple(ip_network(item, strict=False) for item in items)
        except ValueError as error:
            raise BadData(f"{name} must list networks such as 10.0.0.0/8: {error}.") from error
