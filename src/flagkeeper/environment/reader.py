"""Reads values out of the environment. A value that makes no sense is refused by the name of its variable."""

import difflib
import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from flagkeeper.environment.variable import Handling
from flagkeeper.environment.variables import OFF, ON, VARIABLES, honoured, variable
from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.origins import as_browsers_say

_OURS = ("FLAGKEEPER_", "DATABASE_")
"""Whoever sets one of these that nobody knows has mistyped it: the server would do something else than it was told."""
_THEIRS = ("UNLEASH_", "INIT_")
_SERVICE_LINK = re.compile(r"[A-Z0-9_]+_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
"""What Kubernetes and old Docker set for a service that happens to be called so."""
_LINK = re.compile(r"(tcp|udp|sctp)://")


class Unused(NamedTuple):
    """A variable that is set and does nothing here."""

    name: str
    why: str


class Environment:
    """Variables by name. What is empty counts as unset; of a secret, `<NAME>_FILE` may name a file that holds it."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.asked: set[str] = set()

    def __call__(self, *names: str) -> str | None:
        """The value of the first that is set.

        Raises:
            BadData: its file cannot be read, or it is set twice.
        """
        found = None
        for name in names:
            known = honoured(name)
            self.asked.add(name)
            value = self._value(name)
            if known.secret and (file := self._value(f"{name}_FILE")) is not None:
                if value is not None:
                    raise BadData(f"{name} and {name}_FILE are both set. Take one of them away.")
                value = _content(f"{name}_FILE", file)
            found = found or value
        return found

    def _value(self, name: str) -> str | None:
        return self._variables.get(name, "").strip() or None

    def items(self, *names: str) -> tuple[str, ...] | None:
        text = self(*names)
        return None if text is None else tuple(item.strip() for item in text.split(",") if item.strip())

    def number(self, *names: str) -> int | None:
        """A port."""
        text = self(*names)
        if text is None:
            return None
        if _LINK.match(text):
            raise BadData(
                f"{' or '.join(names)} is {text}, which Kubernetes sets for a service of that name: set "
                "enableServiceLinks: false for the pod, or the port itself."
            )
        if not _is_count(text) or not 0 <= int(text) <= 65_535:
            raise BadData(f"{' or '.join(names)} must be a port between 0 and 65535, not {text!r}.")
        return int(text)

    def count(self, name: str, least: int = 1, most: int = 1_000_000) -> int | None:
        text = self(name)
        if text is not None and (not _is_count(text) or not least <= int(text) <= most):
            raise BadData(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
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

    def switch(self, *names: str) -> bool | None:
        for name in names:
            text = self.choice(name, ON + OFF)
            if text is not None:
                return text in ON
        return None

    def networks(self, name: str) -> tuple[IPv4Network | IPv6Network, ...] | None:
        items = self.items(name)
        try:
            return None if items is None else tuple(ip_network(item, strict=False) for item in items)
        except ValueError as error:
            raise BadData(f"{name} must list networks such as 10.0.0.0/8: {error}.") from error

    def origins(self, name: str) -> tuple[str, ...] | None:
        items = self.items(name)
        try:
            return None if items is None else tuple(as_browsers_say(item) for item in items)
        except BadData as error:
            raise BadData(f"{name} cannot be used. {error.message}") from error

    def url(self, *names: str) -> str | None:
        """A public address, without a slash at the end."""
        text = self(*names)
        if text is None:
            return None
        try:
            parts = urlsplit(text)
            whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            whole = False
            parts = urlsplit("")
        if not whole or parts.query or parts.fragment or parts.username or re.search(r"[\s\"'<>\\]", text):
            raise BadData(
                f"{' or '.join(names)} must be an address that browsers can open, such as https://flags.example.com or "
                f"https://example.com/flags, not {text if '@' not in text else 'one with a name or a password'!r}."
            )
        return text.rstrip("/")

    def path(self, name: str) -> str | None:
        """A path that begins with a slash and does not end with one; empty for the root."""
        text = self(name)
        if text is None:
            return None
        bare = text.strip("/")
        if bare and not all(re.fullmatch(r"(?!\.{1,2}$)[\w.~-]+", part, re.ASCII) for part in bare.split("/")):
            raise BadData(f"{name} must be a path such as /unleash, not {text!r}.")
        return f"/{bare}" if bare else ""

    def unused(self) -> tuple[Unused, ...]:
        """What is set and does nothing here.

        Raises:
            BadData: something is set that would have to do something, and cannot.
        """
        return tuple(self._unused())

    def _unused(self) -> Iterator[Unused]:
        for name in sorted(self._variables):
            value = self._value(name)
            if value is None or _SERVICE_LINK.fullmatch(name):
                continue
            known = variable(name)
            if known is None and _LINK.match(value) and name.endswith("_PORT"):
                continue
            if known is None:
                if name.startswith(_OURS):
                    raise BadData(f"There is no setting {name}.{_meant(name)} docs/settings.md lists them all.")
                if name.startswith(_THEIRS):
                    yield Unused(name, "This version knows no such setting; docs/settings.md lists them all.")
            elif known.handling is Handling.UNNEEDED:
                yield Unused(name, known.meaning)
            elif known.handling is Handling.REFUSED and value.lower() not in known.harmless:
                raise BadData(f"{name} is set, and cannot be honoured. {known.meaning}")


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.8)
    return f" Is {close[0]} meant?" if close else ""


def _content(name: str, path: str) -> str:
    try:
        found = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise BadData(f"{name} names {path}, which cannot be read: {why}.") from error
    if not found:
        raise BadData(f"{name} names {path}, which is empty.")
    return found
