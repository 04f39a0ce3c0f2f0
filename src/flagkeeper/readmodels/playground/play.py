"""Asking the playground: what was read is evaluated and encoded, on a thread, for it may be 15,000 times."""

import random
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import UNSET

from flagkeeper.kernel import clock
from flagkeeper.readmodels.playground.model import Asked, Played, demand_room, evaluator
from flagkeeper.readmodels.playground.queries import Scene
from flagkeeper.readmodels.playground.schemas import (
    AdvancedPlaygroundBody,
    AdvancedPlaygroundOut,
    PlacedFlagOut,
    PlacesOut,
    PlaygroundBody,
    PlaygroundOut,
    WarningsOut,
    shown,
    shown_in_place,
)

_encode = msgspec.json.Encoder().encode


def basic(scene: Scene, asked: Asked, body: PlaygroundBody) -> bytes:
    """Every flag in one environment and context. Raises `BadData` when that is too much."""
    demand_room(len(scene.flags), 1, asked)
    played = _played(scene, asked, [body.environment])
    return _encode(PlaygroundOut(input=body, features=[shown(each, scene.segments) for each in played]))


def advanced(scene: Scene, asked: Asked, body: AdvancedPlaygroundBody) -> bytes:
    """Every flag in all these environments and contexts. Raises `BadData` when that is too much."""
    environments = list(dict.fromkeys(body.environments))
    demand_room(len(scene.flags), len(environments), asked)
    found: dict[str, dict[str, list[PlacedFlagOut]]] = {}
    for played in _played(scene, asked, environments):
        places = found.setdefault(played.flag.name, {})
        places.setdefault(played.environment, []).append(shown_in_place(played, scene.segments))
    features = [
        PlacesOut(name=flag.name, project_id=flag.project, environments=found[flag.name])
        for flag, _ in scene.flags
        if flag.name in found
    ]
    warnings = WarningsOut(invalid_context_properties=list(asked.invalid) or UNSET)
    return _encode(AdvancedPlaygroundOut(input=body, features=features, warnings=warnings))


def _played(scene: Scene, asked: Asked, environments: Sequence[str]) -> Iterator[Played]:
    """A flag whose project does not have an environment is not there."""
    now, chance = clock.to_iso(clock.now()), random.Random()  # noqa: S311 - draws variants, guards nothing
    for environment in environments:
        here = [(flag, states[environment]) for flag, states in scene.flags if environment in states]
        evaluated = evaluator(here, scene.dependencies, scene.segments.values(), chance)
        contexts = [(each, each.context(environment, now)) for each in asked.contexts()]
        for flag, state in here:
            for sent, context in contexts:
                explanation = evaluated.explain(flag.name, context)
                if explanation is not None:
                    yield Played(flag, environment, state, sent, explanation)
