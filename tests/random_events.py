"""Random events and random queries about them, from so few words that they often meet."""

import json
import random
from datetime import UTC, datetime
from typing import Any

from flagkeeper.eventlog.more import NOTHING, More
from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.read import EventRow
from flagkeeper.kernel.actor import ActorKind
from flagkeeper.kernel.change_context import Cause
from tests.events import MINUTE, START, row

WORDS = (
    *("checkout", "Check", "checkout-v2", "Größe", "GRÖSSE", "naïve", "日本語", "a_b", "50%", "under_score", "x"),
    *("dark mode", "new  flow", "co:lon", 'qu"ote', "back\\slash", "tab\tbed", "nul\0here", "İstanbul", "ﬁne", "-dash"),
    *(
        "2026-02-03T04:05:06.789Z",
        "2026-02-02",
        "-3",
        "2.50",
        "0b5e7d1c-0000-4000-8000-0123456789ab",
        "01HZX3N8V5Y6QK7RJ2M4T9W0BC",
        "deadbeef01",
    ),
    *("12", "500", "true", "", " ", "…", "🙂 smile", "straße", "ΣΊΣΥΦΟΣ", "o'brien", "*", "a.b.c"),
)
KEYS = ("name", "description", "rollout", "parameters", "values", "Weight", "strategies", "enabled", "k.y")
TYPES = (
    *("feature-created", "feature-updated", "feature-strategy-update", "feature-strategy-add"),
    *("segment-updated", "user-created", "feature-archived", "made-up-type"),
)
PEOPLE = (("alice@example.com", 7), ("Bob", 8), ("bob", 9), ("cli:ops", -2), ("Jürgen Größe", 10), ("bot", None))
PROJECTS = ("default", "checkout", "Checkout", "pro_ject", "*", None)
"""The project `*` is that of tokens for all projects."""
PROJECT_PATTERNS = ("*", "c*", "*heck*", "pro_*", "*t", "nothing*", '"*"', "*,default", "c*,pro_ject")
FLAGS = ("checkout", "checkout-v2", "dark mode", "feature-0001", None)
ENVIRONMENTS = ("env:production", "environment:dev*", "env:none", "env:none,dev*", 'env:"none",production,none')
TICKETS = ("OPS-7", "OPS-9", "Größe-1", "https://tickets.example.com/9")
CAUSES = (Cause("event", "17"), Cause("event", "18"), Cause("schedule", "9"), Cause("schedule", "job/x"))
GROUPS = ("01HZX3N8V5Y6QK7RJ2M4T9W0BC", "g-2", None)


def payload(rng: random.Random, depth: int = 3) -> Any:
    """A JSON value."""
    kind = rng.random()
    if depth and kind < 0.5:
        return {rng.choice(KEYS): payload(rng, depth - 1) for _ in range(rng.randrange(4))}
    if depth and kind < 0.65:
        return [payload(rng, depth - 1) for _ in range(rng.randrange(3))]
    if kind < 0.9:
        return rng.choice(WORDS)
    return rng.choice((None, True, False, 0, 12, 500, -3, 2.5, 1e21, 12345678901))


def similar(rng: random.Random, value: Any) -> Any:
    """The value with something changed, perhaps."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(sorted(value))
        return {**value, key: similar(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.7:
        return [similar(rng, value[0]), *value[1:]]
    return payload(rng, 1) if rng.random() < 0.7 else value


def random_row(rng: random.Random, event_id: int) -> EventRow:
    """An event as it might be stored."""
    data = payload(rng) if rng.random() < 0.8 else None
    pre_data = (similar(rng, data) if rng.random() < 0.8 else payload(rng)) if rng.random() < 0.6 else None
    who, user_id = rng.choice(PEOPLE)
    tags = [{"type": "simple", "value": rng.choice(WORDS)} for _ in range(rng.randrange(3))]
    return row(
        event_id,
        type=rng.choice(TYPES),
        created_at=START + event_id // 3 * MINUTE,
        created_by=who,
        created_by_user_id=user_id,
        project=rng.choice(PROJECTS),
        environment=rng.choice(("development", "production", None)),
        feature_name=rng.choice(FLAGS),
        data=None if data is None else json.dumps(data, ensure_ascii=rng.random() < 0.5),
        pre_data=None if pre_data is None else json.dumps(pre_data),
        tags=json.dumps(tags),
        group_id=rng.choice(GROUPS),
        more=random_more(rng).text(),
    )


def random_more(rng: random.Random) -> More:
    """Why it might have happened; often nothing is said of that."""
    if rng.random() < 0.3:
        return NOTHING
    return More(
        reason=" ".join(rng.choices(WORDS, k=rng.randrange(1, 4))) if rng.random() < 0.5 else None,
        ticket=rng.choice((None, *TICKETS)),
        cause=rng.choice((None, *CAUSES)),
        actor_kind=rng.choice((None, *ActorKind, "made-up")),
        credential_id=rng.choice((None, "7")),
        trace_id=rng.choice((None, "4bf92f3577b34da6a3ce929d0e0e4736")),
    )


def random_query(rng: random.Random, events: int) -> str:
    """A query in the language: conditions, and sometimes a choice between some."""
    query = _conditions(rng, events)
    return query if rng.random() < 0.7 else f"{query} {_choice(rng, events)}"


def _choice(rng: random.Random, events: int, depth: int = 0) -> str:
    alternatives = []
    for _ in range(rng.choice((1, 2, 2, 3))):
        some = [
            each
            for each in (_condition(rng, events) for _ in range(4))
            if not each.removeprefix("-").startswith(("id:", "since:", "until:"))
        ]
        parts = some[: rng.choice((1, 2))]
        if not parts or (depth < 2 and rng.random() < 0.3):
            parts.append(_choice(rng, events, depth + 1))
        alternatives.append(rng.choice((" ", " AND ")).join(parts))
    return f"{rng.choice(('', '', '-', 'NOT '))}({' OR '.join(alternatives)})"


def _conditions(rng: random.Random, events: int) -> str:
    conditions = [_condition(rng, events) for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))]
    # There can be only one of each moment.
    by_start = {each[:5] if each.startswith(("since", "until")) else each: each for each in conditions}
    return " ".join(by_start.values())


def random_sight(rng: random.Random) -> Visibility:
    """A reader."""
    hidden = (frozenset({"checkout", "pro_ject", "*"}), frozenset({"*"}))
    return rng.choice(
        (Visibility(everything=True), Visibility(), *(Visibility(hidden_projects=each) for each in hidden))
    )


def _condition(rng: random.Random, events: int) -> str:
    sign = rng.choice(("", "", "", "-"))
    match rng.randrange(18):
        case 16:
            return f"{sign}{rng.choice(('', 'data.'))}{_comparison(rng)}"
        case 17:
            return f"{sign}{_comparison(rng)}"
        case 12:
            return f"{sign}actor:{rng.choice((*ActorKind, 'user,pat', 'sdk,none', '*', 'p*'))}"
        case 13:
            return f"{sign}reason:{rng.choice(('*', 'check', 'größe', 'STRASSE', 'a', '日本', 'dark', '12', 'dead'))}"
        case 14:
            return f"{sign}ticket:{rng.choice((*map(_quoted, TICKETS), 'ops-7', 'OPS-*', '*', 'nothing', '*9,https*'))}"
        case 15:
            asked = ("event", "event/17", "event/1", "schedule", "schedule/9,event", "event,event/17", "signal", '"*"')
            return f"{sign}cause:{rng.choice(asked)}"
        case 0:
            return f"{sign}type:{rng.choice((*TYPES, 'feature-*', '*-updated', '*strategy*', 'nothing'))}"
        case 1:
            return f"{sign}project:{rng.choice((*map(_quoted, PROJECTS[:-1]), *PROJECT_PATTERNS))}"
        case 2:
            return f"{sign}flag:{_quoted(rng.choice(FLAGS[:-1]))},{rng.choice(('check*', '*', 'none'))}"
        case 3:
            return f"{sign}by:{rng.choice((*(_quoted(name) for name, _ in PEOPLE), 'BOB', 'j*', '*@example.com'))}"
        case 4:
            return sign + rng.choice(ENVIRONMENTS)
        case 5:
            return f"{sign}{rng.choice(('user:7', 'user:8,9', 'user:-2', 'user:99'))}"
        case 6:
            return f"{sign}id:{rng.randrange(events + 5)},{rng.randrange(events)}"
        case 7:
            moment = f"{(START + rng.randrange(events) * MINUTE // 3) // 1000}"
            return f"{rng.choice(('since', 'until'))}:{_iso(int(moment))}"
        case 8:
            keys = ".".join(rng.choice(KEYS[:-1]) for _ in range(rng.choice((1, 1, 2))))
            return f"{sign}changed:{keys}"
        case 9:
            return f"{sign}group:{rng.choice(('g-2', '01HZX3N8V5Y6QK7RJ2M4T9W0BC'))}"
        case 10:
            return sign + _quoted(_cut(rng, rng.choice(WORDS)) or "x")
        case _:
            return sign + rng.choice(
                ("check", "checkout-v2", "größe", "STRASSE", "a", "1", "日本", "feature", "o'b", "sty")
            )


def _comparison(rng: random.Random) -> str:
    keys = ".".join(rng.choice(KEYS[:-1]) for _ in range(rng.choice((1, 1, 2))))
    amounts = (
        *("0", "12", "-3", "2.5", "499.99", "500", "12345678901", "-0.0"),
        *("2026-02-03", "2026-02-02", "1999-12-31"),
    )
    return f"{keys}{rng.choice(('>', '>=', '<', '<='))}{rng.choice(amounts)}"


def _cut(rng: random.Random, word: str) -> str:
    start = rng.randrange(max(1, len(word) - 1))
    return word[start : start + rng.randrange(1, 8)].strip()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
