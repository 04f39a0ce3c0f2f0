"""An event in one line, for people."""

import re

import msgspec
from rich.console import Console
from rich.text import Text

from flagkeeper.integrations.protocol.message import plain
from flagkeeper.kernel.text import one_line

_COLOURS = (
    (re.compile("delete|archive(?!d-|s)|disabled|removed|reject|failed|revoke"), "red"),
    (re.compile("create|enabled|added|-add$|approved|applied|revive"), "green"),
)


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """What a line says of an event."""

    created_at: str
    type: str
    created_by: str
    project: str | None
    environment: str | None
    feature_name: str | None
    summary: str | None


_decode = msgspec.json.Decoder(Line).decode


class Printer:
    """Prints events, in colours where somebody looks at them."""

    def __init__(self) -> None:
        self._console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)

    def show(self, event: bytes) -> None:
        """Prints one event, which is JSON as the API shows it."""
        line = _decode(event)
        where = "/".join(one_line(each) for each in (line.project, line.feature_name, line.environment) if each)
        parts = (
            (f"{one_line(line.created_at)}  ", "dim"),
            (f"{one_line(line.type)}  ", _colour(line.type)),
            (f"{one_line(line.created_by)}  ", "bold"),
            (f"{where}  " if where else "", "blue"),
            (one_line(plain(line.summary or "")), ""),
        )
        self._console.print(Text.assemble(*parts))


def _colour(kind: str) -> str:
    return next((colour for pattern, colour in _COLOURS if pattern.search(kind)), "cyan")
