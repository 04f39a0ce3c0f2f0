"""What the edge is told by its environment: the names are those of Unleash's Edge, where it has one."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from flagkeeper.environment.reader import Environment
from flagkeeper.kernel.errors import BadData
from flagkeeper.outbound.errors import Refused
from flagkeeper.outbound.target import read_target
from flagkeeper.outbound.upstream import Patience

TOKEN = re.compile(r"[!-+\--~]{1,400}")
"""What can be one: ASCII without blanks and commas."""


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is followed, and how. Times are in seconds."""

    upstream_url: str
    """`UPSTREAM_URL`, without a slash and without `/api` at the end."""
    tokens: tuple[str, ...]
    """`TOKENS`: backend tokens, whose flags are there before anybody asks."""
    backup_folder: Path | None = None
    """`BACKUP_FOLDER`: where the flags are kept for a restart while upstream is away."""
    strict: bool = False
    """`STRICT`: only what the tokens above open is served."""
    refresh_interval: int = 15
    """`FEATURES_REFRESH_INTERVAL_SECONDS`: between two polls, where upstream has no stream."""
    metrics_interval: int = 15
    """`METRICS_INTERVAL_SECONDS`: between two reports of what SDKs counted."""
    revalidation_interval: int = 15
    """`TOKEN_REVALIDATION_INTERVAL_SECONDS`: between two questions whether tokens are still valid."""

    request_timeout: int = 30
    """`UPSTREAM_REQUEST_TIMEOUT`: what upstream has for an answer."""
    socket_timeout: int = 10
    """`UPSTREAM_SOCKET_TIMEOUT`: without a byte of an answer."""
    stream_silence: int = 45
    """`FLAGKEEPER_STREAM_SILENCE_SECONDS`: without a line of a stream. Servers send one every 15 or 30."""

    interface: str | None = None
    """`INTERFACE`: where it listens, if `HTTP_HOST` does not say so."""
    origins: str | None = None
    """`CORS_ORIGIN`: of which sites pages may ask, if `UNLEASH_FRONTEND_API_ORIGINS` does not say so."""

    @property
    def patience(self) -> Patience:
        return Patience(request=self.request_timeout, silence=self.socket_timeout, stream=self.stream_silence)

    def __repr__(self) -> str:
        return f"EdgeSettings({self.upstream_url}, {len(self.tokens)} tokens)"


def read_edge_settings(environment: Mapping[str, str]) -> EdgeSettings:
    """Raises `BadData`: a variable is missing, or makes no sense. The message names it, and shows no token."""
    read = Environment(environment)
    folder = read("BACKUP_FOLDER")
    found: dict[str, Any] = {
        "upstream_url": _upstream(read("UPSTREAM_URL")),
        "tokens": _tokens(read.items("TOKENS")),
        "backup_folder": None if folder is None else Path(folder),
        "strict": read.switch("STRICT"),
        "refresh_interval": read.count("FEATURES_REFRESH_INTERVAL_SECONDS", most=86_400),
        "metrics_interval": read.count("METRICS_INTERVAL_SECONDS", most=86_400),
        "revalidation_interval": read.count("TOKEN_REVALIDATION_INTERVAL_SECONDS", most=86_400),
        "request_timeout": read.count("UPSTREAM_REQUEST_TIMEOUT", most=300),
        "socket_timeout": read.count("UPSTREAM_SOCKET_TIMEOUT", most=300),
        "stream_silence": read.count("FLAGKEEPER_STREAM_SILENCE_SECONDS", most=3_600),
        "interface": read("INTERFACE"),
        "origins": read("CORS_ORIGIN"),
    }
    return EdgeSettings(**{name: value for name, value in found.items() if value is not None})


def _upstream(text: str | None) -> str:
    if text is None:
        raise BadData("Say which server to follow: --upstream URL, or UPSTREAM_URL.")
    try:
        read_target(text)
    except Refused as error:
        raise BadData(f"--upstream (UPSTREAM_URL) cannot be used: {error.message}.") from error
    if "?" in text or "#" in text:
        raise BadData("--upstream (UPSTREAM_URL) is an address without ? and #, such as https://flags.example.com.")
    return text.rstrip("/").removesuffix("/api").rstrip("/")


def _tokens(items: tuple[str, ...] | None) -> tuple[str, ...]:
    if not items:
        raise BadData("Give a backend token of the server that is followed: --token TOKEN, or TOKENS.")
    for number, each in enumerate(items, 1):
        if TOKEN.fullmatch(each) is None:
            raise BadData(
                f"Token {number} of --token (TOKENS) can be none: it has blanks or letters that no token has."
            )
    return tuple(dict.fromkeys(items))
