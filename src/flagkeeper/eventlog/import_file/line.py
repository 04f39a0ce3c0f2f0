"""One line of an import: what it says, checked, as the row that will be stored."""

import re
from typing import Annotated, Any, NamedTuple, NoReturn

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.catalogue.event import Reach, Tag
from flagkeeper.eventlog.catalogue.wording import BASE_URL, bold, escape
from flagkeeper.eventlog.more import More
from flagkeeper.eventlog.read import EventRow
from flagkeeper.kernel import clock
from flagkeeper.kernel.change_context import Cause
from flagkeeper.kernel.errors import BadData, Detail

Filled = Annotated[str, Meta(min_length=1)]
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

_NULL, _NO_TAGS = Raw(b"null"), Raw(b"[]")


class Line(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """An event as an export shows it. What the export leaves out, or another tool does not know, may be missing."""

    id: Integer | UnsetType = UNSET
    type: Filled
    created_at: str
    created_by: Filled
    created_by_user_id: Integer | None = None
    data: Raw = _NULL
    pre_data: Raw = _NULL
    tags: Raw = _NO_TAGS
    feature_name: str | None = None
    project: str | None = None
    environment: str | None = None
    label: str | None = None
    summary: str | None = None
    ip: str | None = None
    group_type: str | None = None
    group_id: str | None = None
    reason: str | None = None
    ticket: str | None = None
    cause: Cause | None = None
    actor_kind: str | None = None
    credential_id: str | None = None
    trace_id: str | None = None


class Readied(NamedTuple):
    """An event that is ready to be stored."""

    row: EventRow
    subject: str
    reach: int


_decode_line = msgspec.json.Decoder(Line).decode
_decode_json = msgspec.json.Decoder().decode
_decode_tags = msgspec.json.Decoder(tuple[Tag, ...]).decode
_WHERE = re.compile(r"(?P<problem>.*) - at `\$\.?(?P<field>[^`]*)`", re.DOTALL)


class LineReader:
    """Reads the lines of one file in order.

    Args:
        address: the public address of the server that wrote the file. Links in summaries that lead there will lead to
            whichever server shows them.
        now: nothing may have happened later than this.
    """

    def __init__(self, address: str, now: clock.Millis) -> None:
        self.count = 0
        """Lines, and so events, read so far: also the last one's id."""
        self.bytes_read = 0
        self.last_created_at: clock.Millis = 0
        self._now = now
        self._numbered = False
        self._link = re.compile(rf"(?<!\\)\]\({re.escape(address)}/")

    def read(self, text: bytes) -> Readied:
        """The next line.

        Raises:
            BadData: it is no event, or none that can follow the one before it; names the line and the field.
        """
        self.count += 1
        self.bytes_read += len(text)
        if b"\\u0000" in text:
            self._refuse("", "has a NUL character, which no database keeps")
        try:
            return self._ready(_decode_line(text))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            where = _WHERE.fullmatch(str(error))
            self._refuse(where["field"] if where else "", where["problem"] if where else str(error))
        except RecursionError:
            self._refuse("", "is nested too deeply")

    def _ready(self, line: Line) -> Readied:
        self._check_id(line.id)
        created_at = self._moment(line.created_at)
        data, data_text = self._payload("data", line.data)
        pre_data, pre_data_text = self._payload("preData", line.pre_data)
        kind = EVENTS.get(line.type)
        if kind is None:
            label, subject, reach = line.type, f"unknown/{line.type}", Reach.NONE
            summary = f"{bold(line.created_by)}: {escape(line.type)}"
        else:
            event = kind(
                feature_name=line.feature_name,
                project=line.project,
                environment=line.environment,
                data=data,
                pre_data=pre_data,
            )
            label, subject, reach = kind.about.label, event.subject(), kind.about.reach
            summary = event.summary(line.created_by) if line.summary is None else ""
        return Readied(
            EventRow(
                id=self.count,
                type=line.type,
                created_at=created_at,
                created_by=line.created_by,
                created_by_user_id=line.created_by_user_id,
                project=line.project,
                environment=line.environment,
                feature_name=line.feature_name,
                data=data_text,
                pre_data=pre_data_text,
                tags=self._tags(line.tags),
                label=label if line.label is None else line.label,
                summary=summary if line.summary is None else self._summary(line.summary),
                ip=line.ip or "",
                group_type=line.group_type or None,
                group_id=line.group_id or None,
                more=self._more(line),
            ),
            subject,
            int(reach),
        )

    def _check_id(self, given: int | UnsetType) -> None:
        if self.count == 1:
            self._numbered = given is not UNSET
        if (given is not UNSET) is not self._numbered:
            self._refuse("id", "is missing" if self._numbered else "is there, and the lines before have none")
        if given is not UNSET and given != self.count:
            self._refuse("id", f"is {given} and must be {self.count}: a log begins with 1 and has no gaps")

    def _moment(self, text: str) -> clock.Millis:
        try:
            moment = clock.from_iso(text)
        except (ValueError, OverflowError):
            self._refuse("createdAt", "is no time: write it like 2026-11-22T10:30:00.000Z")
        if self.count > 1 and moment < self.last_created_at:
            self._refuse("createdAt", "is earlier than that of the line before: a log follows time")
        if moment > self._now:
            self._refuse("createdAt", "lies in the future")
        self.last_created_at = moment
        return moment

    def _payload(self, field: str, raw: Raw) -> tuple[Any, str | None]:
        """The payload, decoded to know that it can be, and its own text."""
        content = bytes(raw)
        if content == b"null":
            return None, None
        decoded = _decode_json(content)
        if not isinstance(decoded, (dict, list)):
            self._refuse(field, "must be an object or null")
        return decoded, content.decode()

    def _tags(self, raw: Raw) -> str:
        text = bytes(raw).decode()
        if text in ("[]", "null"):
            return "[]"
        try:
            _decode_tags(text)
        except msgspec.ValidationError:
            self._refuse("tags", 'must be a list of tags such as {"type": "simple", "value": "red"}')
        return text

    def _more(self, line: Line) -> str | None:
        if line.cause is not None and not (line.cause.kind and line.cause.id):
            self._refuse("cause", "must say of which kind it is, and which one: both have to be filled")
        return More(
            reason=line.reason or None,
            ticket=line.ticket or None,
            cause=line.cause,
            actor_kind=line.actor_kind or None,
            credential_id=line.credential_id or None,
            trace_id=line.trace_id or None,
        ).text()

    def _summary(self, text: str) -> str:
        if BASE_URL in text:
            self._refuse("summary", "has a control character that stands for something else here")
        return self._link.sub(f"]({BASE_URL}/", text)

    def _refuse(self, field: str, problem: str) -> NoReturn:
        message = f"Line {self.count}: {f'{field} ' if field else ''}{problem}."
        raise BadData(message, Detail(message, f"/{self.count}/{field}".rstrip("/")))
