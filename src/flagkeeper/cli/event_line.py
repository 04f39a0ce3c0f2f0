"""An event in one line, for people."""

import re

import msgspec
from rich.console import Console
from rich.text import Text

_MARKDOWN = re.compile(r"\\(?P<escaped>[^A-Za-z0-9\s])|\*\*|\[(?P<text>(?:\\.|[^\]\\])*)\]\([^)]*\)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
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
        where = "/".join(_harmless(each) for each in (line.project, line.feature_name, line.environment) if each)
        parts = (
            (f"{_harmless(line.created_at)}  ", "dim"),
            (f"{_harmless(line.type)}  ", _colour(line.type)),
            (f"{_harmless(line.created_by)}  ", "bold"),
            (f"{where}  " if where else "", "blue"),
            (_harmless(plain(line.summary or "")), ""),
        )
        self._console.print(Text.assemble(*parts))


def plain(markdown: str) -> str:
    """A summary without its markdown."""
    return _MARKDOWN.sub(lambda found: found["escaped"] or plain(found["text"] or ""), markdown)


def _harmless(text: str) -> str:
    """Names that people gave to things must not move the cursor."""
    return _CONTROLS.sub(" ", text)


def _colour(kind: str) -> str:
    return next((colour for pattern, colour in _COLOURS if pattern.search(kind)), "cyan")
