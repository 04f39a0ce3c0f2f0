"""The stages of a flag's life. Pure."""

from enum import StrEnum

import msgspec

from flagkeeper.features.flags.model.relations import Completion
from flagkeeper.kernel.clock import Millis


class Stage(StrEnum):
    INITIAL = "initial"
    """Nobody has asked for it yet."""
    PRE_LIVE = "pre-live"
    """An application has asked for it."""
    LIVE = "live"
    """One has asked for it in an environment of type production, where it was on."""
    COMPLETED = "completed"
    """Somebody said that it has done its work."""
    ARCHIVED = "archived"


class Moments(msgspec.Struct, frozen=True, gc=False):
    """What usage says. The fields are named as the columns are."""

    revived_at: Millis | None = None
    pre_live_at: Millis | None = None
    live_at: Millis | None = None


NO_USAGE = Moments()


class StageEntered(msgspec.Struct, frozen=True, kw_only=True):
    stage: Stage
    at: Millis
    status: str | None = None
    """What became of what a completed flag was for."""


def stage_now(archived_at: Millis | None, moments: Moments, completion: Completion | None) -> Stage:
    """The last of the stages that a flag has reached."""
    if archived_at is not None:
        return Stage.ARCHIVED
    if completion is not None:
        return Stage.COMPLETED
    if moments.live_at is not None:
        return Stage.LIVE
    return Stage.INITIAL if moments.pre_live_at is None else Stage.PRE_LIVE


def stages_of(
    created_at: Millis, archived_at: Millis | None, moments: Moments, completion: Completion | None
) -> list[StageEntered]:
    """The stages that a flag has reached, in their order: the last one is where it is."""
    reached = [
        (Stage.INITIAL, created_at if moments.revived_at is None else moments.revived_at),
        (Stage.PRE_LIVE, moments.pre_live_at),
        (Stage.LIVE, moments.live_at),
        (Stage.COMPLETED, completion.at if completion else None),
        (Stage.ARCHIVED, archived_at),
    ]
    return [
        StageEntered(stage=stage, at=at, status=completion.status if completion and stage is Stage.COMPLETED else None)
        for stage, at in reached
        if at is not None
    ]
