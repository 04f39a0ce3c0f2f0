"""States of servers for tests: made up, but valid, documents of version 4."""

import random
from typing import Any

Json = dict[str, Any]
STATE = "/api/admin/state"
CONSTRAINT = {"contextName": "appName", "operator": "IN", "values": ["shop", "desk"]}
PLACES = ("development", "production", "staging")


def random_state(seed: int) -> Json:
    """A state whose names are its own: of a few projects, with flags of every sort."""
    chosen = random.Random(seed)
    projects = ["default", f"p{seed}"]
    segments = [_segment(chosen, seed, number, projects) for number in range(1, 4)]
    flags = [f"flag.{seed}.{number}" for number in range(chosen.randint(3, 8))]
    owners = {flag: chosen.choice(projects) for flag in flags}
    tags = [{"type": chosen.choice(["simple", f"kind{seed}"]), "value": f"tag {seed} {i}"} for i in range(3)]
    places = [(flag, place) for flag in flags for place in PLACES if chosen.random() < 0.7]
    features = [_flag(chosen, flag, owners[flag]) for flag in flags]
    strategies = [_strategy(chosen, seed, n, *chosen.choice(places)) for n in range(chosen.randint(4, 12))]
    return {
        "version": 4,
        "environments": [
            {"name": name, "type": "test", "sortOrder": chosen.randint(1, 300), "enabled": chosen.random() < 0.8}
            for name in PLACES
        ],
        "projects": [
            {"id": id_, "name": f"Project {id_}", "mode": chosen.choice(["open", "protected"]), "featureLimit": 100}
            for id_ in projects
        ],
        "projectEnvironments": [
            {"projectId": id_, "environment": place, "defaultStrategy": _default(chosen)}
            for id_ in projects
            for place in PLACES
        ],
        "strategies": [
            {"name": f"own{seed}", "parameters": [{"name": "share", "type": "percentage", "required": True}]}
        ],
        "tagTypes": [{"name": "simple", "description": "Simple"}, {"name": f"kind{seed}", "color": "#123456"}],
        "tags": tags,
        "segments": segments,
        "features": features,
        "featureEnvironments": [
            {
                "featureName": flag,
                "environment": place,
                "enabled": chosen.random() < 0.5,
                "variants": [{"name": "v", "weight": 1000, "weightType": "variable", "stickiness": "default"}]
                if chosen.random() < 0.2
                else [],
            }
            for flag, place in places
        ],
        "featureStrategies": strategies,
        "featureStrategySegments": [
            {"featureStrategyId": each["id"], "segmentId": segment["id"]}
            for each in strategies
            for segment in segments
            if segment["project"] in (None, owners[each["featureName"]]) and chosen.random() < 0.4
        ],
        "featureTags": [
            {"featureName": flag, "tagType": tag["type"], "tagValue": tag["value"]}
            for flag in flags
            for tag in tags
            if chosen.random() < 0.4
        ],
        **_beside(chosen, seed, [each for each in features if not each["archived"]]),
        "featureLinks": [
            {"featureName": flag, "url": f"https://{place}.test/{flag}", "title": chosen.choice([None, "See"])}
            for flag in flags
            for place in chosen.sample(PLACES, chosen.randint(0, 3))
        ],
    }


def many_flags(number: int) -> Json:
    """A state of many flags, each on in one environment for a share of users, and with a tag."""
    names = [f"flag-{i:05}" for i in range(number)]
    return {
        "version": 4,
        "tags": [{"type": "simple", "value": f"team {i}"} for i in range(10)],
        "features": [{"name": name, "description": f"The flag {name}"} for name in names],
        "featureEnvironments": [
            {"featureName": name, "environment": place, "enabled": place == "development"}
            for name in names
            for place in ("development", "production")
        ],
        "featureStrategies": [
            {
                "id": f"s-{name}-{place}",
                "featureName": name,
                "environment": place,
                "strategyName": "flexibleRollout",
                "parameters": {"rollout": "50", "stickiness": "default", "groupId": name},
                "constraints": [CONSTRAINT],
            }
            for name in names
            for place in ("development", "production")
        ],
        "featureTags": [
            {"featureName": name, "tagType": "simple", "tagValue": f"team {i % 10}"} for i, name in enumerate(names)
        ],
    }


def _beside(chosen: random.Random, seed: int, flags: list[Json]) -> Json:
    """Context fields, and dependencies: on the first flag of the same project that is in use."""
    first: dict[str, str] = {}
    for each in flags:
        first.setdefault(each["project"], each["name"])
    wanted: list[Json] = [{"enabled": False}, {"variants": ["v"]}, {}]
    return {
        "contextFields": [
            {"name": "appName", "description": "The name of the application"},
            {"name": f"account{seed}", "stickiness": True, "createdAt": "2024-04-02T10:00:00.000Z"},
            {
                "name": f"tier{seed}",
                "description": chosen.choice([None, "What they pay"]),
                "sortOrder": chosen.randint(0, 9),
                "legalValues": [{"value": "free"}, {"value": "paid", "description": "by card"}],
                "project": chosen.choice([None, f"p{seed}"]),
                "createdAt": "2024-04-01T10:00:00.000Z",
            },
        ],
        "featureDependencies": [
            {"featureName": each["name"], "parent": first[each["project"]], **chosen.choice(wanted)}
            for each in flags
            if each["name"] not in first.values() and chosen.random() < 0.7
        ],
    }


def _segment(chosen: random.Random, seed: int, number: int, projects: list[str]) -> Json:
    project = chosen.choice([None, None, *projects])
    return {"id": 10 * number, "name": f"segment {seed} {number}", "constraints": [CONSTRAINT], "project": project}


def _flag(chosen: random.Random, name: str, project: str) -> Json:
    return {
        "name": name,
        "project": project,
        "type": chosen.choice(["release", "experiment", "kill-switch"]),
        "description": chosen.choice([None, "What it is for"]),
        "stale": chosen.random() < 0.2,
        "impressionData": chosen.random() < 0.2,
        "archived": chosen.random() < 0.2,
        "createdAt": f"2024-05-{chosen.randint(1, 28):02}T10:00:00.000Z",
    }


def _strategy(chosen: random.Random, seed: int, number: int, flag: str, place: str) -> Json:
    name, parameters = chosen.choice(
        [
            ("flexibleRollout", {"rollout": str(chosen.randint(0, 100)), "stickiness": "userId", "groupId": flag}),
            (f"own{seed}", {"share": "12"}),
            ("default", {}),
        ]
    )
    return {
        "id": f"strategy-{seed}-{number}",
        "featureName": flag,
        "environment": place,
        "strategyName": name,
        "title": chosen.choice([None, "For some"]),
        "disabled": chosen.random() < 0.2,
        "parameters": parameters,
        "constraints": [CONSTRAINT] if chosen.random() < 0.5 else [],
    }


def _default(chosen: random.Random) -> Json | None:
    if chosen.random() < 0.6:
        return None
    own: Json = {"name": "flexibleRollout", "title": None, "disabled": False, "constraints": [], "variants": []}
    return {**own, "parameters": {"rollout": "30"}, "segments": []}
