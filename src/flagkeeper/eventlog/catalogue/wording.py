"""How templates of summaries and subjects are filled. Pure; every value is escaped, so a name cannot forge markdown."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from msgspec import UNSET

BASE_URL = "\x1a"
"""Stands for the server's public address in a stored summary; readers put the address in its place."""

NOTHING = "?"
"""Stands where a summary wants a value that the event does not have."""

SHOWN = 5
"""How many items of a list a summary names."""

LONGEST = 200
"""How many characters of one value a summary shows."""

_BRACES = re.compile(r"\{([a-zA-Z_.|]+)\}")
_MARKDOWN = frozenset("\\`*_[]<>#|~")
_ODD = re.compile(r"[\\`*_\[\]<>#|~\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_NOT_IN_PATH = re.compile(r"[^A-Za-z0-9_.~-]+")


def escape(text: object) -> str:
    """`text` with markdown's own characters escaped, and characters that control (so also `BASE_URL`) made spaces."""
    return _ODD.sub(lambda odd: f"\\{odd[0]}" if odd[0] in _MARKDOWN else " ", str(text))


def bold(text: object) -> str:
    """`text` escaped, in bold and not too long; `NOTHING` for what is empty."""
    words = "" if text is None else str(text)
    return f"**{escape(words if len(words) <= LONGEST else words[:LONGEST] + '…') or NOTHING}**"


def listed(items: Sequence[object], between: str = ", ") -> str:
    """The first few items; the rest is counted."""
    words = [str(item).strip() for item in items[:SHOWN]]
    if len(items) > SHOWN:
        words.append(f"{len(items) - SHOWN} more")
    return between.join(words) or "none"


def link(text: object, *path: object) -> str:
    """A bold link to a page of this server; each step of `path` is percent-encoded."""
    return f"**[{escape(text)}]({BASE_URL}/{'/'.join(_encode(str(step)) for step in path)})**"


def project_link(project: object) -> str:
    return link(project, "projects", project) if project else bold(project)


def flag_link(flag: object, project: object) -> str:
    return link(flag, "projects", project, "features", flag) if project else bold(flag)


def value_at(event: Any, path: str) -> Any:
    """What stands at a dotted path of an event: `data.name`, `pre_data.name`, `feature_name`. None where nothing does.

    With `|` between paths, the first that has something to say: `data.title|data.name`.
    """
    found: Any = None
    for steps in _steps(path):
        found = event
        for step in steps:
            found = found.get(_camel(step)) if isinstance(found, dict) else getattr(found, step, None)
        if found is not None and found is not UNSET and found != "":
            return found
    return None if found is UNSET else found


def fill_subject(template: str, event: Any) -> str:
    """A subject's path: each `{field}` becomes the bare value at that path."""
    parts = _split(template)
    return "".join(part if i % 2 == 0 else str(value_at(event, part)) for i, part in enumerate(parts))


def fill_summary(template: str, event: Any, actor: str) -> str:
    """A markdown sentence. In braces may stand:

    `actor`; `flag`, `project` and `change_request` (links); `flag_name` (no link, for flags that are gone);
    `archived_flag` (a link to the project's archive); `project_name` (no link); `environment`; `where` (in which
    environment of which project); any path that `value_at` knows, such as `data.title|data.name`. All are bold.
    """
    return "".join([part if isinstance(part, str) else part(event, actor) for part in _compiled(template)])


Word = Callable[[Any, str], str]


def _change_request(event: Any, _actor: str) -> str:
    number = value_at(event, "data.change_request_id|pre_data.change_request_id")
    return link(f"#{number}", "projects", event.project, "change-requests", number)


def _where(event: Any, _actor: str) -> str:
    return f"in environment {bold(event.environment)} of project {project_link(event.project)}"


def _value(path: str, event: Any, _actor: str) -> str:
    found = value_at(event, path)
    return bold(listed(found) if isinstance(found, list) else found)


_WORDS: dict[str, Word] = {
    "actor": lambda _, actor: bold(actor),
    "flag": lambda event, _: flag_link(event.feature_name, event.project),
    "flag_name": lambda event, _: bold(event.feature_name),
    "archived_flag": lambda event, _: link(event.feature_name, "projects", event.project, "archive"),
    "project_name": lambda event, _: bold(event.project),
    "project": lambda event, _: project_link(event.project),
    "environment": lambda event, _: bold(event.environment),
    "where": _where,
    "change_request": _change_request,
}


@lru_cache(maxsize=1024)
def _split(template: str) -> tuple[str, ...]:
    return tuple(_BRACES.split(template))


@lru_cache(maxsize=1024)
def _compiled(template: str) -> tuple[str | Word, ...]:
    return tuple(
        part if i % 2 == 0 else _WORDS.get(part) or partial(_value, part) for i, part in enumerate(_split(template))
    )


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(way.split(".")) for way in path.split("|"))


@lru_cache(maxsize=1024)
def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _encode(step: str) -> str:
    return _NOT_IN_PATH.sub(lambda odd: "".join(f"%{byte:02X}" for byte in odd[0].encode(errors="replace")), step)
