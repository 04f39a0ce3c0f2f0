"""A log to import: deterministic events of many kinds, as lines of NDJSON without ids. Odd texts are among them."""

import json
import random
from collections.abc import Iterator
from typing import Any

from flagkeeper.kernel import clock

BEGIN = clock.from_iso("2025-03-01T08:00:00Z")
ODD = ('say "hi"', "back\\slash", "=1+2", "@cmd", "grüße, 世界", "two\nlines", "\t-tab", "](http://elsewhere/x", "😀")
WORDS = ("checkout", "payment", "search", "banner", "beta", "legacy", "kill switch", *ODD)


def lines(count: int, seed: int = 7) -> Iterator[bytes]:
    """So many events, half a minute apart."""
    for event in events(count, seed):
        yield json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def events(count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    random_ = random.Random(seed)
    for number in range(count):
        yield {
            "createdBy": f"user{random_.randrange(20):02}@example.com",
            "createdByUserId": random_.choice((None, -42, 7, 1001)),
            "createdAt": clock.to_iso(BEGIN + number * 30_000 + random_.randrange(1000)),
            **_about(random_),
            **(_why(number) if number % 3 == 0 else {}),
        }


def _why(number: int) -> dict[str, Any]:
    """What newer releases say of a change."""
    return {
        "reason": f"because of {ODD[number % len(ODD)]}",
        "cause": {"kind": "schedule", "id": f"job/{number}"},
        "actorKind": ("user", "pat", "robot")[number % 5 % 3],
        **({"ticket": f"OPS-{number}", "credentialId": "7", "traceId": f"{number:032x}"} if number % 2 else {}),
    }


def _about(random_: random.Random) -> dict[str, Any]:
    flag = f"flag-{random_.randrange(50):02}"
    project = f"project-{random_.randrange(5)}"
    event: dict[str, Any] = {
        "type": "feature-archived",
        "data": None,
        "preData": None,
        "tags": [{"type": "simple", "value": "team-red"}] if random_.random() < 0.3 else [],
        "featureName": flag,
        "project": project,
        "environment": None,
    }
    text = " ".join(random_.sample(WORDS, 3))
    match random_.randrange(7):
        case 0:
            event |= {"type": "feature-created", "data": {"name": flag, "description": text, "stale": False}}
        case 1:
            before, after = _strategy(random_, text), _strategy(random_, text)
            event |= {"type": "feature-strategy-update", "environment": "production", "data": after, "preData": before}
        case 2:
            event |= {
                "type": "feature-environment-enabled",
                "environment": random_.choice(("development", "production")),
            }
        case 3:
            event |= {"type": "segment-created", "data": {"id": random_.randrange(9), "name": text}, "tags": []}
            event |= {"featureName": None, "project": None}
        case 4:
            event |= {"type": "feature-tagged", "data": {"type": "simple", "value": random_.choice(WORDS)}}
        case 5:
            event |= {"type": "something-newer", "data": {"list": [1, 2.5, None, {"deep": text}], "empty": {}}}
    return event


def _strategy(random_: random.Random, text: str) -> dict[str, Any]:
    return {
        "id": f"{random_.randrange(10**6):06}",
        "name": "flexibleRollout",
        "title": text,
        "constraints": [{"contextName": "userId", "operator": "IN", "values": random_.sample(WORDS, 2)}],
        "parameters": {"rollout": str(random_.randrange(101)), "stickiness": "default"},
    }
