"""What tests of the SDKs' interface need: flags and segments on a running server, visible to SDKs at once."""

from typing import Any

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.features.flags.commands import create, strategies, switch
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES_RUNNER
from tests.log import ALICE
from tests.server import TestServer

PROJECT = "default"
PLACE = "development"


def run(server: TestServer, command: Any, *args: Any) -> Any:
    """Runs a command, and waits until SDKs can see what it did."""

    async def change() -> Any:
        result = await server.services.units.run(ALICE, command, *args)
        await server.services[CLIENT_FEATURES_RUNNER].reached(server.services.log_signal.last_id)
        return result

    return server.call(change())


def make_flag(server: TestServer, name: str, *drafts: StrategyDraft, on: bool = True) -> None:
    """A flag with these strategies, or the default one, switched on or off."""
    run(server, create.create, PROJECT, FlagDraft(name=name, description="d"))
    for draft in drafts:
        run(server, strategies.add, PROJECT, name, PLACE, draft)
    if on:
        run(server, switch.turn_on, PROJECT, name, PLACE)


def make_segment(server: TestServer, name: str, *constraints: Constraint) -> int:
    draft = SegmentDraft(name=name, description=None, project=None, constraints=list(constraints))
    return int(run(server, segments.create, draft).id)


def users(*user_ids: str) -> Constraint:
    return Constraint(context_name="userId", operator="IN", values=list(user_ids))
