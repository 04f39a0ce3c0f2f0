"""Writes docs/events.md: every type of event, what it carries, who hears of it, what causes it and which test shows it.

    python tools/document_events.py > docs/events.md
    python tools/document_events.py --check          exits with 1 and a difference when docs/events.md is out of date

The types come from the catalogue. What causes them comes from the tests: a test that shows that an action causes
events is marked with their types and the action,

    @pytest.mark.causes("feature-created", action="POST /api/admin/projects/{projectId}/features")

on a function, on a class, or in `pytest.param(..., marks=...)`. The marks are read from the source below tests/ and
never run, so types and action are plain strings. An action is a route (method and path, as the API documents it) or one
of `WITHOUT_A_REQUEST`. A mark that names anything else, or no known type, is an error. That a test really sends such a
request, and that events of these types come of it, is seen when the test runs (`tests/causes.py`).
"""

import argparse
import ast
import difflib
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

import msgspec

from flagkeeper.eventlog.catalogue import EVENTS, Event, Reach
from flagkeeper.slices import SLICES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/events.md"

HEADER = """\
# Events

Every change is an event in the log. This page lists all types: {known} that Unleash knows, of which {asked} stand in \
the documents that Flagkeeper was built from, and {ours} of our own, which begin with `flagkeeper-`. For {shown} of \
them a test shows what causes them.

The page is made by `python tools/document_events.py > docs/events.md`, from the event catalogue \
(`src/flagkeeper/eventlog/catalogue`) and from the tests.

- **Carries**: which of `featureName`, `project` and `environment` an event of the type has; `?` means sometimes.
- **data**, **preData**: the keys; `?` means that a key may be missing, `[]` that there is a list of such objects.
- **Clients**: whether SDKs may receive something else after it.
- **Offered to**: the integrations that can be told of it.
- **Caused by**, **shown by**: an action, and the test that proves it.
"""
COLUMNS = ("Type", "Label", "Carries", "data", "preData", "Clients", "Offered to", "Caused by", "Shown by")
NOT_YET = "not yet"
ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) /\S*")
WITHOUT_A_REQUEST = frozenset(
    {
        "first start",
        "a follower fails five times on one event",
        "flagkeeper restore FILE",
        *(cause for each in SLICES for cause in each.causes),
    }
)
"""The other actions: what the server does by itself, what somebody does at its terminal, and official clients."""


class Shown(NamedTuple):
    """A test that shows that an action causes events of a type."""

    action: str
    test: str
    """As pytest names it."""


class BadMark(Exception):
    """A `causes` mark that says nothing usable, and where it stands."""


def read_marks(tests: Path, known: Iterable[str] = EVENTS) -> dict[str, list[Shown]]:
    """What the tests below a folder show, by event type.

    Raises:
        BadMark: for a mark that is not made of plain strings, names no action, or names a type that is not `known`.
    """
    known = frozenset(known)
    shown: defaultdict[str, list[Shown]] = defaultdict(list)
    for path in sorted(tests.rglob("*.py")):
        name = path.relative_to(tests.parent).as_posix()
        for test, call in _marks(ast.parse(path.read_text(), filename=str(path)).body, name):
            where = f"{name}:{call.lineno}"
            types, action = _read(call, where)
            for kind in types:
                if kind not in known:
                    raise BadMark(f"{where}: there is no event type {kind!r}")
                entry = Shown(action, test)
                if entry not in shown[kind]:
                    shown[kind].append(entry)
    return shown


def _marks(body: Iterable[ast.stmt], path: str) -> Iterator[tuple[str, ast.Call]]:
    """Each mark with the name of the test, or the class of tests, that it stands on."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            test = f"{path}::{node.name}"
            for decorator in node.decorator_list:
                yield from (
                    (test, call) for call in ast.walk(decorator) if isinstance(call, ast.Call) and _is_mark(call)
                )
            if isinstance(node, ast.ClassDef):
                yield from _marks(node.body, test)


def _is_mark(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(attr="causes", value=ast.Attribute(attr="mark") | ast.Name(id="mark")):
            return True
    return False


def _read(call: ast.Call, where: str) -> tuple[list[str], str]:
    types = [_text(argument, where) for argument in call.args]
    named = {keyword.arg: _text(keyword.value, where) for keyword in call.keywords}
    action = named.pop("action", "")
    if not types or not action or named:
        raise BadMark(f'{where}: a mark is written causes("type", ..., action="what is done")')
    if not ROUTE.fullmatch(action) and action not in WITHOUT_A_REQUEST:
        raise BadMark(f"{where}: {action!r} is no route, and none of the other causes that this tool knows")
    return types, action


def _text(node: ast.expr, where: str) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise BadMark(f"{where}: marks are read and not run, so they take plain strings only")


def page(shown: Mapping[str, list[Shown]]) -> str:
    """The whole of docs/events.md."""
    kinds = list(EVENTS.values())
    known = [kind for kind in kinds if not kind.about.ours]
    text = HEADER.format(
        known=len(known),
        asked=sum(bool(kind.about.seeds) for kind in known),
        ours=len(kinds) - len(known),
        shown=sum(bool(shown.get(name)) for name in EVENTS),
    )
    groups = list(dict.fromkeys(kind.about.group for kind in kinds))
    kinds.sort(key=lambda kind: groups.index(kind.about.group))
    for group, members in groupby(kinds, key=lambda kind: kind.about.group):
        rows = [_row(kind, shown.get(kind.about.type, [])) for kind in members]
        table = [COLUMNS, ["---"] * len(COLUMNS), *rows]
        text += f"\n## {group}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in table)
    return text


def _row(kind: type[Event], shown: Iterable[Shown]) -> list[str]:
    about = kind.about
    data, before = _keys(_type_of(kind, "data")), _keys(_type_of(kind, "pre_data"))
    return [
        f"`{about.type}`",
        about.label,
        ", ".join(_carried(kind)) or "-",
        data,
        "same keys" if before == data != "null" else before,
        "yes" if about.reach == Reach.CLIENTS else "-",
        ", ".join(sorted(about.offered_to)) or "-",
        _lines(entry.action for entry in shown),
        _lines(entry.test for entry in shown),
    ]


def _carried(kind: type[Event]) -> Iterator[str]:
    """What a type declares itself; what it leaves to `Event` stays empty."""
    for field in msgspec.structs.fields(kind):
        if field.name in ("feature_name", "project", "environment") and field.name in kind.__annotations__:
            yield field.encode_name + ("" if field.required else "?")


def _type_of(kind: type[Event], name: str) -> Any:
    return next(field.type for field in msgspec.structs.fields(kind) if field.name == name)


def _keys(kind: Any) -> str:
    """`{id, name, title?}`, `null`, `[{id}]`, or two of these with `or` between."""
    if kind is NoneType:
        return "null"
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_keys(each) for each in get_args(kind))
    if get_origin(kind) is list:
        return f"{_keys(get_args(kind)[0])}[]"
    fields = msgspec.structs.fields(kind)
    return (
        "{" + ", ".join(field.encode_name + ("?" if field.default is msgspec.UNSET else "") for field in fields) + "}"
    )


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(f"`{text}`".replace("|", "\\|") for text in dict.fromkeys(texts)) or NOT_YET


def main(arguments: list[str] | None = None) -> int:
    """Prints the page, or checks the one that is there. 0 when all is well."""
    parser = argparse.ArgumentParser(description="Write docs/events.md to the standard output.")
    parser.add_argument("--check", action="store_true", help="only say whether docs/events.md is up to date")
    try:
        text = page(read_marks(ROOT / "tests"))
    except BadMark as error:
        print(error, file=sys.stderr)
        return 1
    if not parser.parse_args(arguments).check:
        print(text, end="")
        return 0
    kept = PAGE.read_text() if PAGE.exists() else ""
    difference = difflib.unified_diff(kept.splitlines(True), text.splitlines(True), "docs/events.md", "as it should be")
    print("".join(difference), end="")
    return int(kept != text)


if __name__ == "__main__":
    sys.exit(main())
