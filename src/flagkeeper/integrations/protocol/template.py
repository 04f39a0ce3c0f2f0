"""Body templates: mustache with variables, sections, inverted sections and comments. Pure, bounded in size and work.

Left out on purpose, and said so in errors: partials, lambdas, blocks and other delimiters (docs/adr/0101-templates.md).
"""

import html
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import quote_plus

import msgspec

LONGEST_TEMPLATE = 50_000
"""Characters."""
LONGEST_RESULT = 1_000_000
"""Characters."""
MOST_STEPS = 100_000
"""Pieces that are looked at, for a template can be busy without writing anything: some tenths of a second."""
DEEPEST = 20
"""Sections inside each other."""

_BLANK_BEFORE = re.compile(r"(?:\A|(?<=\n))[ \t]*\Z")
_BLANK_AFTER = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_JSON = re.compile(r'\s*(\{\s*(["}]|\Z)|\[\s*["{\[\]0-9-])')
"""How JSON begins, and a sentence does not."""
_TAG = re.compile(r"\s*<[a-zA-Z!?]")
_MARKUP = frozenset({"text/html", "text/xml", "application/xml"})
_QUOTE = re.compile(r'\\.|"', re.DOTALL)


class TemplateError(ValueError):
    """A template that cannot be read, with line and column; or one that grows too large for this event."""


class Place(StrEnum):
    """What a template writes, so how values in it are escaped."""

    JSON = "json"
    """Between double quotes as JSON wants it, elsewhere not."""
    FORM = "form"
    """As a value of a form, however many braces a name has."""
    MARKUP = "markup"
    """For HTML and XML, where a name has two braces."""
    TEXT = "text"
    """Not at all."""


def place_of(content_type: str, template: str) -> Place:
    """What a template for a body of this type writes; of an empty type, as it begins."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return Place.JSON
    if media_type == "application/x-www-form-urlencoded":
        return Place.FORM
    marked = media_type in _MARKUP or media_type.endswith("+xml") or (not media_type and _TAG.match(template))
    return Place.MARKUP if marked else Place.TEXT


class InJson(str):
    """A text that is written as JSON wants it, where the template puts it between double quotes."""

    __slots__ = ()


class Value(msgspec.Struct, frozen=True):
    """`{{name}}`, or `{{{name}}}` and `{{&name}}`, which are not escaped for HTML."""

    path: tuple[str, ...]
    raw: bool
    quoted: bool
    """It stands between double quotes."""
    place: Place
    """What it stands in."""


class Section(msgspec.Struct, frozen=True):
    """`{{#name}}...{{/name}}`, or `{{^name}}...{{/name}}` for what is there when the value is not."""

    path: tuple[str, ...]
    inverted: bool
    nodes: "tuple[Node, ...]"


Node = str | Value | Section


class _Tag(msgspec.Struct, frozen=True):
    kind: str
    """One of `#^/!&`, or empty for a plain value."""
    name: str
    start: int
    end: int


@lru_cache(maxsize=256)
def parse(template: str, place: Place = Place.MARKUP) -> tuple[Node, ...]:
    """What a template consists of; `place` is what it writes, unless it begins as JSON does and is not for a form.

    Raises:
        TemplateError: it breaks a rule; the message names line and column.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise TemplateError(f"A template has at most {LONGEST_TEMPLATE} characters; this one has {len(template)}.")
    return _Parser(template, place).parse()


def render(template: str, values: dict[str, Any], place: Place = Place.MARKUP) -> str:
    """The template with everything filled in; what a name does not find is nothing. `place` as for `parse`.

    Raises:
        TemplateError: it breaks a rule, or the result would be too long.
    """
    writer = _Writer()
    writer.write(parse(template, place), (values,))
    return "".join(writer.pieces)


class _Parser:
    """Reads one template from left to right; open sections are kept in a stack."""

    def __init__(self, template: str, place: Place) -> None:
        self._template = template
        self._place = place
        self._open: list[tuple[_Tag | None, list[Node]]] = [(None, [])]
        self._quoted = False
        self._begun = False
        """Whether something was written that tells how the template begins."""

    def parse(self) -> tuple[Node, ...]:
        position = 0
        for tag in self._tags():
            text_end, after = self._without_own_line(tag, position)
            self._text(position, text_end)
            self._tag(tag)
            position = after
        self._text(position, len(self._template))
        opened, nodes = self._open[-1]
        if opened:
            self._fail(opened.start, f"the section {opened.name!r} is never closed")
        return tuple(nodes)

    def _tags(self) -> Iterator[_Tag]:
        template, position = self._template, 0
        while (start := template.find("{{", position)) >= 0:
            triple = template.startswith("{{{", start)
            opening, closing = ("{{{", "}}}") if triple else ("{{", "}}")
            inside = start + len(opening)
            end = template.find(closing, inside)
            if end < 0:
                self._fail(start, f"{opening} has no {closing}")
            text = template[inside:end].strip()
            kind = "&" if triple else text[:1] if text[:1] in tuple("#^/!&>=<$") else ""
            name = text if triple else text.removeprefix(kind).strip()
            if kind in tuple(">=<$"):
                self._fail(start, f"{{{{{kind} is not supported here")
            if kind != "!" and (not name or re.search(r"[\s{}]", name)):
                self._fail(start, "a name is missing" if not name else f"{name[:50]!r} is no name")
            position = end + len(closing)
            yield _Tag(kind, name, start, position)

    def _without_own_line(self, tag: _Tag, position: int) -> tuple[int, int]:
        """Where the text before a tag ends, and where the text after it begins: a line that has nothing but one tag
        which prints nothing leaves nothing behind."""
        if tag.kind not in tuple("#^/!"):
            return tag.start, tag.end
        line = self._template.rfind("\n", 0, tag.start) + 1
        before = line if line >= position and not self._template[line : tag.start].strip(" \t") else -1
        after = _BLANK_AFTER.match(self._template, tag.end)
        return (before, after.end()) if before >= 0 and after else (tag.start, tag.end)

    def _text(self, start: int, end: int) -> None:
        text = self._template[start:end]
        if text:
            self._open[-1][1].append(text)
            if not self._begun and text.strip():
                self._begun = True
                if self._place is not Place.FORM and _JSON.match(text):
                    self._place = Place.JSON
            self._quoted ^= sum(found[0] == '"' for found in _QUOTE.finditer(text)) % 2 == 1

    def _tag(self, tag: _Tag) -> None:
        if tag.kind == "!":
            return
        if tag.kind == "/":
            self._close(tag)
        elif tag.kind in ("#", "^"):
            if len(self._open) > DEEPEST:
                self._fail(tag.start, f"more than {DEEPEST} sections inside each other")
            self._open.append((tag, []))
        else:
            self._open[-1][1].append(Value(_path(tag.name), tag.kind == "&", self._quoted, self._place))

    def _close(self, tag: _Tag) -> None:
        opened, nodes = self._open[-1]
        if opened is None:
            self._fail(tag.start, f"the section {tag.name!r} was not opened")
        if opened.name != tag.name:
            self._fail(tag.start, f"{tag.name!r} is closed while {opened.name!r} is open")
        self._open.pop()
        self._open[-1][1].append(Section(_path(tag.name), opened.kind == "^", tuple(nodes)))

    def _fail(self, position: int, what: str) -> NoReturn:
        line = self._template.count("\n", 0, position) + 1
        column = position - self._template.rfind("\n", 0, position)
        raise TemplateError(f"Line {line}, column {column}: {what}.")


class _Writer:
    """Writes nodes, and counts what it does."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._length = 0
        self._steps = 0

    def write(self, nodes: Sequence[Node], stack: tuple[Any, ...]) -> None:
        """`stack`: what names are looked up in, the last first."""
        self._step()
        for node in nodes:
            self._step()
            match node:
                case str():
                    self._add(node)
                case Value():
                    self._add(_shown(node, _find(node.path, stack)))
                case Section():
                    self._section(node, stack)

    def _section(self, section: Section, stack: tuple[Any, ...]) -> None:
        found = _find(section.path, stack)
        present = found not in (None, False, 0, "", [])
        if section.inverted:
            if not present:
                self.write(section.nodes, stack)
        elif isinstance(found, list):
            for item in found:
                self.write(section.nodes, (*stack, item))
        elif present:
            self.write(section.nodes, (*stack, found))

    def _add(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST_RESULT:
            raise TemplateError(f"The template makes more than {LONGEST_RESULT} characters of this event.")
        self.pieces.append(text)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise TemplateError("The template repeats itself too often for this event.")


def _path(name: str) -> tuple[str, ...]:
    return (".",) if name == "." else tuple(name.split("."))


def _find(path: tuple[str, ...], stack: tuple[Any, ...]) -> Any:
    """The first step is looked for everywhere, the others only there."""
    if path == (".",):
        return stack[-1]
    first, *rest = path
    found: Any = next((each[first] for each in reversed(stack) if isinstance(each, dict) and first in each), None)
    for step in rest:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def _shown(value: Value, found: Any) -> str:
    if found is None:
        return ""
    text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    if value.place is Place.FORM:
        return quote_plus(text)
    if value.place is Place.MARKUP and not value.raw:
        text = html.escape(text)
    if value.quoted and (value.place is Place.JSON or isinstance(found, InJson)):
        text = msgspec.json.encode(str(text)).decode()[1:-1]
    return text
