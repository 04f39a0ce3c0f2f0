"""Deterministic events for measuring: the same number and seed give the same bytes, on every machine.

    python benchmarks/seed_events.py --count 1000000 > events.ndjson

N events are spread evenly over the 365 days before `END`: 50 projects (project-00 ...), 5,000 flags (feature-0000 ...,
flag k in project k modulo 50, low numbers much more often), 200 users (ids 1001 ..., low numbers more often),
environments development (60 %) and production (40 %), types as in `TYPES` (percent). "checkout" is in about 20 % of
what has a text, "xylophone" in one event of 10,000, "zzyzxabsent" in none.
"""

import argparse
import json
import random
import sys
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

END = datetime(2026, 11, 21, tzinfo=UTC)
DAYS = 365
PROJECTS, FLAGS, USERS = 50, 5_000, 200
TYPES = {
    "feature-strategy-update": 30,
    "feature-environment-enabled": 14,
    "feature-strategy-add": 10,
    "feature-environment-disabled": 8,
    "feature-created": 8,
    "feature-metadata-updated": 6,
    "feature-strategy-remove": 3,
    "feature-tagged": 3,
    "feature-archived": 3,
    "feature-stale-on": 2,
    "feature-environment-variants-updated": 2,
    "feature-untagged": 1,
    "feature-stale-off": 1,
    "feature-deleted": 1,
    "strategy-order-changed": 1,
    "feature-revived": 0.5,
    "feature-project-change": 0.3,
    "feature-favorited": 0.6,
    "feature-unfavorited": 0.2,
    "api-token-created": 1,
    "api-token-deleted": 0.5,
    "segment-created": 0.5,
    "segment-updated": 1,
    "user-created": 0.5,
    "user-updated": 0.4,
    "user-deleted": 0.1,
    "project-created": 0.1,
    "project-updated": 0.5,
    "tag-created": 0.3,
    "context-field-updated": 0.2,
    "addon-config-updated": 0.1,
    "features-imported": 0.2,
}
WORDS = (
    *("payment", "basket", "login", "search", "profile", "banner", "pricing", "invoice", "shipping", "reward"),
    *("coupon", "inventory", "email", "report", "export", "mobile", "desktop", "beta", "legacy", "migration"),
    *("rollout", "kill", "switch", "latency", "cache", "region"),
)
POOL = 2_000
"""Different strategies, and different descriptions."""
WITHOUT_PAYLOAD = {"feature-archived", "feature-revived", "feature-stale-on", "feature-stale-off"}

Random = random.Random
Payloads = tuple[str, str]
"""`data` and `preData` as JSON text."""


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def strategy(rng: Random, number: int) -> str:
    """A strategy; `@F@` stands for its flag and `@ID@` for its id."""
    users = [f"user{rng.randrange(10**6):06d}@example.com" for _ in range(rng.randrange(4, 16))]
    title = ("checkout " if rng.random() < 0.2 else "") + " ".join(rng.sample(WORDS, 4))
    starts = rng.choice(WORDS)
    rollout = str(rng.randrange(101))
    plain = {"inverted": False, "caseInsensitive": False}
    split = [
        {"name": name, "weight": 500, "stickiness": "default", "weightType": "variable"}
        for name in ("control", "treatment")
    ]
    return compact(
        {
            "id": "@ID@",
            "name": "flexibleRollout",
            "title": title,
            "disabled": False,
            "constraints": [
                {"contextName": "userId", "operator": "IN", "values": users, **plain},
                {"contextName": "appName", "operator": "STR_STARTS_WITH", "values": [starts], **plain},
            ],
            "parameters": {"groupId": "@F@", "rollout": rollout, "stickiness": "default"},
            "variants": split if number % 4 == 0 else [],
            "segments": [rng.randrange(300)] if number % 5 == 0 else [],
            "sortOrder": rng.randrange(5),
        }
    )


def description(rng: Random) -> str:
    start = "checkout " if rng.random() < 0.2 else ""
    return start + " ".join(rng.choice(WORDS) for _ in range(rng.randrange(5, 15)))


class Seeds:
    """The events of one number and seed."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._random = random.Random(seed).random
        pools = random.Random(seed + 1)
        self._strategies = [strategy(pools, number) for number in range(POOL)]
        self._descriptions = [description(pools) for _ in range(POOL)]
        self._names = list(TYPES)
        self._up_to: list[float] = []
        total: float = 0
        for share in TYPES.values():
            total += share
            self._up_to.append(total)

    def lines(self) -> Iterator[str]:
        """One JSON document for each event, the oldest first."""
        step, start = DAYS * 86400.0 / self._count, (END - timedelta(days=DAYS)).timestamp()
        for number in range(self._count):
            seconds = start + number * step
            whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
            yield self._line(number, f"{whole}{int((seconds % 1) * 1000):03d}Z")

    def _line(self, i: int, at: str) -> str:
        random_ = self._random
        kind = self._names[min(bisect_right(self._up_to, random_() * self._up_to[-1]), len(self._names) - 1)]
        user = int(USERS * random_() ** 1.7)
        k = int(FLAGS * random_() ** 2)
        environment = "development" if random_() < 0.6 else "production"
        rare = i % 10_000 == 5_000
        own = self._strategy(k, i) if "strategy-" in kind else ""
        text = self._descriptions[int(random_() * POOL)]
        if rare:
            text = f"xylophone {text}"
            own = own.replace('"title":"', '"title":"xylophone ')
        flag: str | None = f"feature-{k:04d}"
        project: str | None = f"project-{k % PROJECTS:02d}"
        tags = f'[{{"type":"simple","value":"team-{k % 17:02d}"}}]' if k % 3 == 0 else "[]"
        where: str | None = environment
        if kind in WITHOUT_PAYLOAD:
            (data, pre_data), where = ("null", "null"), None
        elif kind.startswith(("feature-", "strategy-")):
            data, pre_data = self._of_flag(kind, k, i, at, own, text)
            where = environment if "strategy-" in kind or "environment-" in kind else None
        else:
            flag, tags = None, "[]"
            if not kind.startswith(("api-token", "features-")):
                where = None
            if not kind.startswith(("api-token", "features-", "project-")):
                project = None
            data, pre_data = self._of_others(kind, k, i, at, user, environment, text)
        return (
            f'{{"type":"{kind}","createdBy":"user{user:03d}@example.com","createdByUserId":{1001 + user},'
            f'"createdAt":"{at}","data":{data},"preData":{pre_data},"tags":{tags},"featureName":{_text(flag)},'
            f'"project":{_text(project)},"environment":{_text(where)}}}\n'
        )

    def _strategy(self, k: int, i: int) -> str:
        chosen = self._strategies[int(self._random() * POOL)]
        return chosen.replace("@F@", f"feature-{k:04d}").replace("@ID@", f"{k:08x}-0000-4000-8000-{i:012x}")

    def _of_flag(  # noqa: C901 - a case for each type
        self, kind: str, k: int, i: int, at: str, own: str, text: str
    ) -> Payloads:
        flag, project = f"feature-{k:04d}", f"project-{k % PROJECTS:02d}"
        about = {"name": flag, "description": text, "type": "release", "project": project, "stale": False}
        match kind:
            case "feature-strategy-update":
                return own, self._strategy(k, i)
            case "feature-strategy-add":
                return own, "null"
            case "feature-strategy-remove":
                return "null", own
            case "feature-created":
                state = {**about, "impressionData": False, "archived": False, "createdAt": at}
                return compact({**state, "lastSeenAt": None, "archivedAt": None}), "null"
            case "feature-metadata-updated":
                state = {**about, "impressionData": False, "archived": False, "createdAt": at}
                return compact(state), compact({**state, "description": self._other_text()})
            case "feature-tagged":
                return _tag(i), "null"
            case "feature-untagged":
                return "null", _tag(i)
            case "feature-deleted":
                return "null", compact({**about, "archived": True, "createdAt": at})
            case "feature-environment-variants-updated":
                half = {"weight": 500, "weightType": "variable", "stickiness": "default"}
                return compact({"variants": [{"name": name, **half} for name in "ab"]}), '{"variants":[]}'
            case "strategy-order-changed":
                return f'{{"strategyIds":["{i:08x}","{k:08x}"]}}', f'{{"strategyIds":["{k:08x}","{i:08x}"]}}'
            case "feature-project-change":
                return compact({"oldProject": f"project-{(k + 1) % PROJECTS:02d}", "newProject": project}), "null"
            case "feature-favorited" | "feature-unfavorited":
                return compact({"featureName": flag}), "null"
        return "null", "null"

    def _of_others(  # noqa: C901 - a case for each kind
        self, kind: str, k: int, i: int, at: str, user: int, environment: str, text: str
    ) -> Payloads:
        project = f"project-{k % PROJECTS:02d}"
        match kind.split("-", maxsplit=1)[0]:
            case "api":
                token = {"tokenName": f"token-{i % 900}", "type": "client", "environment": environment}
                state = compact({**token, "projects": [project], "project": project, "createdAt": at})
                return (state, "null") if kind.endswith("created") else ("null", state)
            case "segment":
                values = {"values": ["appA", "appB", "appC"], "inverted": False, "caseInsensitive": False}
                segment = {
                    "id": k % 300,
                    "name": f"segment-{k % 300}",
                    "description": text,
                    "constraints": [{"contextName": "appName", "operator": "IN", **values}],
                    "createdBy": f"user{user:03d}@example.com",
                    "createdAt": at,
                }
                if kind.endswith("created"):
                    return compact(segment), "null"
                return compact(segment), compact({**segment, "description": self._other_text()})
            case "user":
                about = {"id": 1001 + k % 200, "name": f"User {k % 200}", "email": f"user{k % 200:03d}@example.com"}
                now, then = compact(about), compact({**about, "name": "Old User"})
                return {"created": (now, "null"), "updated": (now, then), "deleted": ("null", now)}[kind[5:]]
            case "project":
                data = compact({"id": project, "name": project, "description": text})
                if kind == "project-created":
                    return data, "null"
                return data, compact({"id": project, "name": project, "description": self._other_text()})
            case "tag":
                return _tag(i), "null"
            case "context":
                field = {"name": "region", "description": text, "legalValues": [{"value": "eu"}], "stickiness": False}
                return compact(field), compact({**field, "description": "old", "legalValues": []})
            case "addon":
                return f'{{"id":{k % 40},"provider":"webhook"}}', "null"
            case "features":
                return compact({"features": [f"feature-{(k + j) % FLAGS:04d}" for j in range(20)]}), "null"
        raise ValueError(kind)

    def _other_text(self) -> str:
        return self._descriptions[int(self._random() * POOL)]


def _tag(i: int) -> str:
    return f'{{"type":"simple","value":"team-{i % 17:02d}"}}'


def _text(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=42)
    given = parser.parse_args()
    sys.stdout.writelines(Seeds(given.count, given.seed).lines())
