"""Putting a pseudonym in the place of a person's names, in every text that the log keeps. Pure.

A name is replaced where it is a whole value or a whole word: `alice` is left alone in `alice.smith`, in
`alice@example.com` and in `malice`. Everything else stays as it is, byte for byte: of JSON, only the strings that had a
name are written anew. Names of things are no names of people: what the envelope or a key such as `project` or
`featureName` calls a thing stays, also when a person has the same name.
"""

import html
import re
import zlib
from collections.abc import Callable, Iterable
from urllib.parse import quote

import msgspec

from flagkeeper.eventlog.catalogue.wording import LONGEST, escape
from flagkeeper.eventlog.more import read_more
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.version import StoredVersion
from flagkeeper.kernel.change_context import ChangeContext

OF_THINGS = frozenset(
    {
        *("project", "projects", "projectId", "environment", "environments", "environmentId", "appName"),
        *("feature", "features", "featureName", "flag", "toggleName", "type", "strategyName", "segments"),
        *("contextName", "stickiness", "groupId", "operator", "permission", "permissions", "provider"),
    }
)
"""Keys of payloads whose values name things."""

_BEFORE = r"(?<!\w)(?:(?<=[Bb][Yy]:)|(?<!\w[.@+\-:]))"
"""After `by:` stands a name: so queries of the log are written."""
_AFTER = r"(?!\w|\\_|[.@+\-:]\w|%40)"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]')


class Replacement:
    """The names of one person, and what takes their place.

    Args:
        user_id: whose events get the pseudonym as their author, whatever they are called; None: nobody's.
    """

    def __init__(self, pseudonym: str, names: Iterable[str], user_id: int | None = None) -> None:
        self.pseudonym = pseudonym
        self._user_id = user_id
        # The longest first: "Ada Lovelace" before "Ada".
        self._names = sorted({name for name in names if name}, key=lambda name: (-len(name), name))
        forms = [form for name in self._names for form in _forms(name)]
        self._pattern = re.compile("|".join(_BEFORE + form + _AFTER for form in forms) or r"(?!)")
        self._hint = re.compile("|".join([*forms, r"\\u"]) or r"(?!)", re.IGNORECASE)

    def is_name(self, text: str) -> bool:
        """Whether `text` is one of the names, and nothing else."""
        return any(text == name or ("@" in name and text.lower() == name.lower()) for name in self._names)

    def text(self, text: str) -> str:
        """Plain text, with all whole words replaced."""
        return self._pattern.sub(self.pseudonym, text)

    def json(self, text: str, things: frozenset[str] = frozenset()) -> str:
        """JSON text. Values that equal one of `things` stay."""
        if not self._hint.search(text):
            return text
        pieces: list[str] = []
        position = 0
        for begin, end, key, value, is_key in _strings(text):
            new = value
            if is_key:
                new = self.pseudonym if "@" in value and self.is_name(value) else value
            elif key not in OF_THINGS and value not in things:
                new = self.text(value)
            if new != value:
                pieces += text[position:begin], msgspec.json.encode(new).decode()
                position = end
        return "".join(pieces) + text[position:] if pieces else text

    def context(self, context: ChangeContext) -> ChangeContext:
        """Why somebody made a change, without the names."""
        return msgspec.structs.replace(
            context, reason=self._words_of(context.reason), ticket=self._words_of(context.ticket)
        )

    def event(self, event: StoredEvent) -> StoredEvent:
        """The event without the names: the same one when it had none."""
        row, things = event.row, _things(event.row)
        is_author = self.is_name(row.created_by) or (
            self._user_id is not None and row.created_by_user_id == self._user_id
        )
        new = StoredEvent(
            row=msgspec.structs.replace(
                row,
                created_by=self.pseudonym if is_author else row.created_by,
                data=None if row.data is None else self.json(row.data, things),
                pre_data=None if row.pre_data is None else self.json(row.pre_data, things),
                tags=self.json(row.tags),
                summary=self._summary(row, things, is_author=is_author),
                more=self._more(row, things),
            ),
            subject=self._path(event.subject),
            reach=event.reach,
            versions=tuple(self._version(each, things) for each in event.versions),
        )
        return event if new == event else new

    def _summary(self, row: EventRow, things: frozenset[str], *, is_author: bool) -> str:
        if any(self.is_name(thing) for thing in things):
            # A person and a thing with one name: only the author, who comes first, is certain to be the person.
            return self._pattern.sub(self.pseudonym, row.summary, count=1) if is_author else row.summary
        return self.text(row.summary)

    def _path(self, subject: str) -> str:
        """Values of tags are text of people; other subjects are named after things."""
        return self.text(subject) if subject.startswith("tag/") else subject

    def _more(self, row: EventRow, things: frozenset[str]) -> str | None:
        """Reason and ticket are people's words, like the summary. The rest of `more` names no person."""
        if row.more is None or not self._hint.search(row.more) or any(self.is_name(thing) for thing in things):
            return row.more
        more = read_more(row.more)
        new = msgspec.structs.replace(more, reason=self._words_of(more.reason), ticket=self._words_of(more.ticket))
        return row.more if new == more else new.text()

    def _words_of(self, text: str | None) -> str | None:
        return None if text is None else self.text(text)

    def _version(self, version: StoredVersion, things: frozenset[str]) -> StoredVersion:
        state = "" if version.state is None else zlib.decompress(version.state).decode()
        new = self.json(state, things)
        packed = version.state if new == state else zlib.compress(new.encode(), 1)
        return StoredVersion(self._path(version.path), version.kind, version.schema, packed)


def _things(row: EventRow) -> frozenset[str]:
    return frozenset(name for name in (row.project, row.environment, row.feature_name) if name)


def _forms(name: str) -> list[str]:
    """How a name may be written: as it is, in markdown, in HTML, in a URL, in JSON inside of JSON; as patterns."""
    short = f"{name[:LONGEST]}…" if len(name) > LONGEST else name
    ascii_json = "".join(letter if letter.isascii() else _escaped(letter) for letter in name)
    forms = dict.fromkeys(
        (name, short, escape(name), escape(short), html.escape(name), html.escape(name, quote=False))
        + (quote(name, safe=""), ascii_json)
    )
    return [f"(?i:{re.escape(form)})" if "@" in name else re.escape(form) for form in forms]


def _escaped(letter: str) -> str:
    encoded = letter.encode("utf-16-be").hex()
    return "".join(f"\\u{encoded[start : start + 4]}" for start in range(0, len(encoded), 4))


Found = tuple[int, int, str, str, bool]


def _strings(text: str) -> Iterable[Found]:
    """The strings of a JSON text: where each begins and ends, the key that it stands under, what it says, and whether
    it is a key itself."""
    containers: list[tuple[bool, str]] = []
    key, is_key = "", False
    for token in _TOKEN.finditer(text):
        mark = token[0]
        match mark:
            case "{" | "[":
                containers.append((mark == "{", key))
                is_key = mark == "{"
            case "}" | "]":
                key = containers.pop()[1] if containers else ""
                is_key = False
            case ",":
                is_key = bool(containers) and containers[-1][0]
            case ":":
                is_key = False
            case _:
                value: str = _decode(mark)
                if is_key:
                    key = value
                yield token.start(), token.end(), key, value, is_key


_decode: Callable[[str], str] = msgspec.json.Decoder(str).decode
