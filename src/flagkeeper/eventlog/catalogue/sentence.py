"""A summary in parts: who, what was done, to what, where, and what else there is to say.

Summaries are written once, in the catalogue, and stored with their events. Here they are taken apart again, so that the
parts say what the summary says, also of events of other releases, and after somebody was given a pseudonym. Pure.
"""

import re

import msgspec

from flagkeeper.eventlog.catalogue.wording import BASE_URL, bold

_BOLD = r"\*\*(?:\[(?:\\.|[^\\\]*])*\]\([^)\s*]*\)|(?:\\.|[^\\*])+)\*\*"
"""A name, linked or not. No star stands in it but an escaped one, so that no text is read again from each star."""
_NAME = re.compile(_BOLD, re.DOTALL)
_LINK = re.compile(rf"\*\*\[(.*)\]\((?:{BASE_URL}|https?://[^/)]*)?([^)]*)\)\*\*", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>#|~])")
_WHERE = re.compile(rf" (?:in|of|from|to|into)(?: environment {_BOLD} of)? project {_BOLD}", re.DOTALL)

_KINDS = {
    "favorite-flag": "flag",
    "favorite-project": "project",
    "project-access": "project",
    "change-request-settings": "project",
    "import": "project",
    "export": "environment",
    "quarantine": "follower",
}
"""What is named, where the first step of a subject says something else."""


class NamedObject(msgspec.Struct, frozen=True):
    """What an event is about."""

    kind: str
    """`flag`, `project`, `segment`, `user`, `change-request`: the first step of the event's subject, as a rule."""
    id: str
    """By which its API knows it: the name of a flag, the number of a segment."""
    name: str
    path: str | None
    """Its page, `/projects/default/features/checkout`, without the server's address. Null: the summary has no link."""


class Sentence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the summary says, as plain text. Verb, the object's name, `where` and `detail` in this order, with a blank
    between each two (none before `:`, `;` and `,`), are the summary without the actor's name at its beginning."""

    by_actor: bool
    """Whether the summary begins with the actor. If not, nobody did it: `Client` *shop* `registered`."""
    verb: str
    """What stands before the object: `enabled`, `added strategy flexibleRollout to`."""
    object: NamedObject | None
    """Null: the event is about nothing that has a name; the verb says all."""
    where: str
    """`in environment production of project default`, where that follows the object."""
    detail: str
    """All the rest."""


def sentence_of(summary: str, actor: str, subject: str) -> Sentence:
    """The parts of a stored summary. `subject` is what the event is about, `flag/checkout/production`; empty: it has no
    name."""
    lead = bold(actor)
    by_actor = summary.startswith(f"{lead} ")
    said = summary[len(lead) :] if by_actor else summary
    found = _object(said, subject)
    if found is None:
        return Sentence(by_actor=by_actor, verb=_plain(said), object=None, where="", detail="")
    start, end, named = found
    where = _WHERE.match(said, end)
    rest = said[where.end() if where else end :]
    return Sentence(
        by_actor=by_actor,
        verb=_plain(said[:start]),
        object=named,
        where=_plain(where[0]) if where else "",
        detail=_plain(rest),
    )


def _object(said: str, subject: str) -> tuple[int, int, NamedObject] | None:
    """What the subject names, and from where to where the text names it."""
    kind, _, whole = subject.partition("/")
    names = list(_NAME.finditer(said))
    if not whole or not names:
        return None
    kind, own = _KINDS.get(kind, kind), whole if kind == "tag" else whole.partition("/")[0]
    word = f"{kind.rpartition('-')[2]} "
    # A strategy may be called what its flag is called, and a user have the number that a group has.
    found = min(
        names,
        key=lambda name: (
            not (name[0].startswith("**[") and _text(name[0]).removeprefix("#") == own),
            said[max(0, name.start() - len(word)) : name.start()].lower() != word,
            _text(name[0]) not in (own, whole),
        ),
    )
    end, text = found.end(), _text(found[0])
    beyond = _NAME.match(said, end + 1)
    if said[end : end + 1] == ":" and beyond is not None:
        # Tags have two names: `simple:blue`.
        end, text = beyond.end(), f"{text}:{_text(beyond[0])}"
    link = _LINK.fullmatch(found[0])
    return found.start(), end, NamedObject(kind, own, text, link[2] or None if link else None)


def _text(name: str) -> str:
    link = _LINK.fullmatch(name) if name.startswith("**[") else None
    return _ESCAPED.sub(r"\1", link[1] if link else name[2:-2])


def _plain(markdown: str) -> str:
    return "".join(
        _text(piece) if number % 2 else _ESCAPED.sub(r"\1", piece)
        for number, piece in enumerate(_SPLIT.split(markdown))
    ).strip(" ")


_SPLIT = re.compile(f"({_BOLD})", re.DOTALL)
