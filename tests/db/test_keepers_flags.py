"""Keepers and steps of flags, of their environments and of their types."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog import versions
from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.eventlog.step import Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags import commands as flags
from flagkeeper.features.flags.commands import (
    archive,
    bulk,
    create,
    metadata,
    strategies,
    switch,
    tags,
    types,
    variants,
    whole,
)
from flagkeeper.features.flags.model.environment import FlagEnvironmentState
from flagkeeper.features.flags.model.flag import FlagChange, FlagDraft, FlagState, OldFlagChange
from flagkeeper.features.flags.model.json_patch import Patch
from flagkeeper.features.flags.model.strategy import StrategyChange, StrategyDraft
from flagkeeper.features.flags.model.variant import VariantDraft
from flagkeeper.features.flags.queries import strategy_rules
from flagkeeper.features.flags.queries.states import environment_states, flag_states
from flagkeeper.features.flags.steps import relations
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.segments.ports import SEGMENT_USES
from flagkeeper.features.tags import commands as all_tags
from flagkeeper.keepers import KEEPERS, OPS
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Conflict, FlagkeeperError, NameExists, NotFound, PatternMismatch
from tests.flags import add_project, seed, set_naming_pattern
from tests.keeping import StandingIn, check_removals, check_steps
from tests.log import ALICE, Log
from tests.story import SEEDS, attempt, tell

KINDS = {"flag", "flag-environment", "flag-type", "segment"}
OURS = KINDS - {"segment"}
PORTS = StandingIn({SEGMENT_USES: lambda _tx, _ids: {}})
P = "default"
DEV, PROD = "development", "production"
CHECKOUT, COPY, LOST = ({"project": P, "flag": name} for name in ("checkout", "copy", "lost"))
PLACE = {**CHECKOUT, "environment": DEV}
NEW = Tag("simple", "new")
DEFAULT = {"name": "default"}
PAYLOADS = {op.name: op.payload for op in OPS}
ASKED: set[str] = set()
"""The operations that the story uses."""

Command = Callable[[Unit], Any]
Line = Callable[[Log], Command]
"""A unit of a story, when its turn comes."""


def do(command: Callable[..., Any], *args: Any, **more: Any) -> Line:
    return lambda _log: lambda unit: command(unit, *args, **more)


def state_of(log: Log, flag: str, environment: str = DEV) -> FlagEnvironmentState:
    found: FlagEnvironmentState = log.read(environment_states, [flag])[f"flag/{flag}/{environment}"]
    return found


def ask(op: str, **payload: Any) -> Line:
    """A step."""
    ASKED.add(op)
    step = Step(op, PAYLOADS[op](**payload))
    return lambda _log: lambda unit: OPS.run(unit, step, PORTS)


def ask_of(position: int, verb: str, **payload: Any) -> Line:
    """A step of the strategy of `PLACE` that stands at a position."""

    def line(log: Log) -> Command:
        one = state_of(log, "checkout").strategies[position].id
        return ask(f"flag-environment.{verb}", **PLACE, strategy_id=one, **payload)(log)

    ASKED.add(f"flag-environment.{verb}")
    return line


def add_strategy(**draft: Any) -> Line:
    return ask("flag-environment.add-strategy", **PLACE, draft=StrategyDraft(**draft))


def order(*numbers: int) -> Line:
    """Gives the strategies of `PLACE`, in their order, new sort orders."""

    def line(log: Log) -> Command:
        ids = [each.id for each in state_of(log, "checkout").strategies]
        orders = dict(zip(ids, numbers, strict=False))
        return ask("flag-environment.order-strategies", **PLACE, sort_orders=orders)(log)

    ASKED.add("flag-environment.order-strategies")
    return line


def segment(log: Log) -> Command:
    return lambda unit: segments.create(unit, SegmentDraft(name="s", description=None, constraints=[], project=None))


def flag(name: str, **fields: Any) -> FlagDraft:
    return msgspec.convert({"name": name, **fields}, FlagDraft)


def variant(name: str, **fields: Any) -> VariantDraft:
    return msgspec.convert({"name": name, "weight": 1, **fields}, VariantDraft)


def old(**fields: Any) -> OldFlagChange:
    return msgspec.convert(fields, OldFlagChange)


def replacing(path: str, value: Any) -> list[Patch]:
    return [Patch(op="replace", path=path, value=value)]


def adding(path: str, value: Any) -> list[Patch]:
    return [Patch(op="add", path=path, value=value)]


def aged(log: Log, name: str, days: int) -> FlagState:
    found: FlagState = log.read(flag_states, ["checkout"])["flag/checkout"]
    return msgspec.structs.replace(
        found, name=name, tags=[], created_at=found.created_at - days * clock.DAY, archived_at=None, stale=False
    )


def restore_aged(log: Log) -> Command:
    return lambda unit: create.restore(unit, aged(log, "aged", 41))


def restore_deleted(log: Log) -> Command:
    """The flag `lost`, as it was before it was deleted."""
    *_, before, last = map(KEEPERS.state, log.read(versions.history, "flag/lost"))
    assert isinstance(before, FlagState)
    assert last is None
    return ask("flag.restore", **msgspec.structs.asdict(before))(log)


def restore_strategy(log: Log) -> Command:
    """The first strategy of `PLACE`, as it was before it was removed."""
    *_, before, _ = map(KEEPERS.state, log.read(versions.history, f"flag/checkout/{DEV}"))
    assert isinstance(before, FlagEnvironmentState)
    return ask("flag-environment.restore-strategy", **PLACE, strategy=before.strategies[0])(log)


ASKED |= {"flag.restore", "flag-environment.restore-strategy"}
WEB = Constraint(context_name="appName", operator="IN", values=["web"])
A = variant("a", overrides=[{"contextName": "userId", "values": ["7"]}])
JSON = variant("c", payload={"type": "json", "value": "[]"})
STORY: list[Line] = [
    segment,
    # a flag itself
    ask("flag.create", project=P, draft=flag("checkout", description="d", tags=[{"type": "simple", "value": "core"}])),
    ask("flag.create", project=P, draft=flag("other", type="experiment", impressionData=True)),
    ask("flag.update", **CHECKOUT, change=FlagChange(description="new", type="kill-switch", stale=True)),
    ask("flag.update", **CHECKOUT, change=FlagChange(stale=True)),
    ask("flag.patch", **CHECKOUT, patches=[*replacing("/stale", False), *replacing("/impressionData", True)]),
    ask("flag.mark-stale", project=P, flag="other", stale=True),
    do(bulk.mark_many_stale, ["checkout", "other", "nobody"], project=P, stale=False),
    ask("flag.tag", **CHECKOUT, tag=Tag("simple", "new")),
    ask("flag.update-tags", **CHECKOUT, added=[Tag("simple", "one"), Tag("simple", "core")], removed=[NEW]),
    ask("flag.untag", **CHECKOUT, tag=Tag("simple", "one")),
    do(tags.update_many, ["checkout", "other"], project=P, added=[Tag("simple", "all")], removed=[]),
    do(all_tags.delete_tag, "simple", "all", flags.untag_everywhere),
    do(whole.untag, "checkout", [Tag("simple", "core")]),
    # a flag in an environment
    ask("flag-environment.enable", **PLACE),
    ask("flag-environment.enable", **PLACE),
    add_strategy(name="default", title="second", segments=[1], disabled=True),
    add_strategy(name="flexibleRollout", constraints=[WEB], variants=[variant("a"), variant("b")]),
    ask_of(0, "update-strategy", change=StrategyChange(parameters={"rollout": 7}, title="first")),
    ask_of(2, "update-strategy", change=StrategyChange(constraints=[], segments=[1], sort_order=9)),
    ask_of(1, "patch-strategy", patches=replacing("/title", None)),
    order(5, 6),
    order(9, 5, 3),
    order(3, 5, 9),
    ask("flag-environment.disable", **PLACE),
    ask("flag-environment.disable", **PLACE),
    ask("flag-environment.enable", **PLACE, activate_disabled_strategies=True),
    ask_of(0, "remove-strategy"),
    restore_strategy,
    ask_of(0, "remove-strategy"),
    ask_of(0, "remove-strategy"),
    ask_of(0, "update-strategy", change=StrategyChange(disabled=True)),
    ask("flag-environment.enable", **PLACE),
    ask_of(1, "remove-strategy"),
    do(bulk.turn_many_on, ["checkout", "other"], project=P, environment=PROD, activate_disabled_strategies=False),
    do(bulk.turn_many_off, ["checkout"], project=P, environment=PROD),
    # variants of the older kind
    ask("flag.push-variants", **CHECKOUT, environments=[DEV, PROD], variants=[A, variant("b", stickiness="userId")]),
    ask("flag-environment.replace-variants", **PLACE, variants=[JSON]),
    ask("flag-environment.patch-variants", **PLACE, patches=adding("/-", {"name": "d", "weight": 1})),
    ask("flag.set-variants", **CHECKOUT, variants=[variant("e", weightType="fix", weight=100), variant("f")]),
    ask("flag.patch-variants", **CHECKOUT, patches=adding("/-", {"name": "g", "weight": 1})),
    # the whole life
    ask("flag.clone", **CHECKOUT, name="copy"),
    ask("flag.clone", **CHECKOUT, name="lost", replace_group_id=False),
    ask("flag.update-as-version-4", **COPY, change=old(description="4", enabled=True, strategies=[DEFAULT])),
    ask("flag.update-as-version-4", **COPY, change=old(enabled=False, strategies=[])),
    ask("flag-environment.enable", **LOST, environment=PROD),
    ask("flag.archive", **LOST),
    ask("flag.archive", **LOST),
    ask("flag.revive", **LOST),
    ask("flag.revive", **LOST),
    ask("flag.update", **LOST, change=FlagChange(description="lost")),
    do(bulk.archive_many, ["copy", "lost"], project=P),
    ask("flag.delete", **LOST),
    restore_deleted,
    do(bulk.revive_many, ["copy", "lost"], project=P),
    ask("flag.archive", **LOST),
    do(bulk.delete_many, ["copy", "lost"], project=P),
    # what comes from elsewhere: types, age, environments of projects
    restore_aged,
    do(metadata.mark_potentially_stale, ["aged", "checkout"]),
    ask("flag-type.set-lifetime", type="release", lifetime_days=0),
    ask("flag-type.set-lifetime", type="release", lifetime_days=None),
    ask("flag-type.set-lifetime", type="kill-switch", lifetime_days=90),
    do(metadata.mark_potentially_stale, ["aged"]),
    do(projects.remove_environment, P, PROD, flags),
    do(projects.add_environment, P, PROD, None, flags, strategy_rules),
    # another project
    lambda _log: lambda unit: add_project(unit, "shop"),
    ask("flag.move", project=P, flag="other", new_project="shop"),
    ask("flag.move", project="shop", flag="other", new_project="shop"),
    ask("flag.update", project="shop", flag="other", change=FlagChange(description="there")),
    ask("flag.move", project="shop", flag="other", new_project=P),
    ask("flag.archive", project=P, flag="aged"),
]


def test_a_story_of_flags(log: Log) -> None:
    seed(log)
    for line in STORY:
        tell(log, [line(log)], kinds=KINDS)
    assert log.read(flag_states, ["lost", "aged"]).keys() == {"flag/aged"}
    told_elsewhere = {op.name for op in relations.OPS}  # test_keepers_relations.py
    assert {op.name for op in OPS if op.name.startswith("flag")} - told_elsewhere == ASKED
    # No operation takes an environment from a flag alone, as the project did, or leaves a flag on without an enabled
    # strategy, as it was between two events, or makes it what it was in another project: the flag moves first.
    refused = {f"flag/{name}/{PROD}" for name in ("aged", "checkout", "copy", "other")}
    refused |= {f"flag/{name}/{DEV}" for name in ("checkout", "other")}
    assert check_steps(log, PORTS, kinds=OURS, refused=refused) > 60
    assert check_removals(log, PORTS, kinds={"flag"}) == 4


def random_line(choose: random.Random, log: Log) -> Command:
    name, place = choose.choice(["a", "b", "c"]), choose.choice([DEV, PROD])
    here = (P, name, place)
    found = log.read(environment_states, [name]).get(f"flag/{name}/{place}")
    ids = [each.id for each in found.strategies] if found else []
    one = choose.choice(ids) if ids else "none"
    number = choose.randrange(100)
    tag, change = Tag("simple", f"tag-{number % 4}"), StrategyChange(disabled=number % 2 == 0, sort_order=number)
    source, kind = choose.choice(["a", "b", "c"]), choose.choice(["release", "experiment"])
    orders = {each: choose.randrange(9) for each in ids}
    draft = flag(name, tags=[{"type": "simple", "value": "tag-1"}])
    commands: list[Command] = [
        *2 * [lambda unit: create.create(unit, P, draft)],
        lambda unit: create.clone(unit, P, source, name),
        lambda unit: metadata.update(unit, P, name, FlagChange(description=str(number), stale=number % 2 == 0)),
        lambda unit: metadata.update(unit, P, name, FlagChange(type=kind)),
        lambda unit: tags.update(unit, name, [tag], [Tag("simple", "tag-1")]),
        lambda unit: archive.archive(unit, P, name),
        lambda unit: archive.revive(unit, P, name),
        lambda unit: archive.delete(unit, P, name),
        *2 * [lambda unit: switch.turn_on(unit, *here, activate_disabled_strategies=number % 2 == 0)],
        lambda unit: switch.turn_off(unit, *here),
        *2
        * [
            lambda unit: strategies.add(
                unit, *here, StrategyDraft(name="default", title=str(number), disabled=number % 2 == 0)
            )
        ],
        lambda unit: strategies.update(unit, *here, one, change),
        *2 * [lambda unit: strategies.remove(unit, *here, one)],
        lambda unit: strategies.set_order(unit, *here, orders),
        lambda unit: variants.push(unit, P, name, [place], [variant(str(i)) for i in range(number % 3)]),
        lambda unit: types.set_lifetime(unit, "release", number),
    ]
    return choose.choice(commands)


@pytest.mark.slow
@pytest.mark.parametrize("seed_number", SEEDS)
def test_a_random_story(log: Log, seed_number: int) -> None:
    seed(log)
    run(log, "flag.create", project=P, draft=flag("a"))
    choose = random.Random(seed_number)
    done = 0
    while done < 30:
        before = log.count()
        attempt(log, random_line(choose, log), kinds=KINDS)
        done += log.count() > before
    for name, state in log.read(flag_states, ["a", "b", "c"]).items():
        if state.archived_at:  # in the archive nothing changes
            log.run(archive.revive, P, name.removeprefix("flag/"))
    # Flags that were deleted and created again cannot become those of before.
    assert check_steps(log, PORTS, kinds=OURS, refused=None) > 10


@pytest.fixture
def checkout(log: Log) -> Log:
    """A seeded database with the flag `checkout`, which is on in `development`."""
    seed(log)
    run(log, "flag.create", project=P, draft=flag("checkout"))
    run(log, "flag-environment.enable", **PLACE)
    return log


def run(log: Log, op: str, **payload: Any) -> Any:
    return log.run(ask(op, **payload)(log))


def refused(log: Log, error: type[FlagkeeperError], op: str, **payload: Any) -> None:
    before = log.count()
    with pytest.raises(error):
        run(log, op, **payload)
    assert log.count() == before


def test_steps_find_flags_in_their_own_project_only(checkout: Log) -> None:
    """Who may change flags of a project names that project: it must be the flag's."""
    checkout.run(add_project, "theirs")
    tag, theirs = Tag("simple", "core"), {"project": "theirs", "flag": "checkout"}
    for op, payload in (
        ("flag.tag", {"tag": tag}),
        ("flag.untag", {"tag": tag}),
        ("flag.update-tags", {"added": [tag], "removed": []}),
        ("flag.update", {"change": FlagChange(description="x")}),
        ("flag.archive", {}),
        ("flag.clone", {"name": "copy"}),
        ("flag-environment.disable", {"environment": DEV}),
        ("flag-environment.add-strategy", {"environment": DEV, "draft": StrategyDraft(name="default")}),
        ("flag.push-variants", {"environments": [DEV], "variants": []}),
    ):
        refused(checkout, NotFound, op, **theirs, **payload)


def test_what_is_there_is_not_restored(checkout: Log) -> None:
    state = checkout.read(flag_states, ["checkout"])["flag/checkout"]
    refused(checkout, NameExists, "flag.restore", **msgspec.structs.asdict(state))
    (strategy,) = state_of(checkout, "checkout").strategies
    run(checkout, "flag.create", project=P, draft=flag("other"))
    for name in ("checkout", "other"):
        place = {**PLACE, "flag": name}
        refused(checkout, Conflict, "flag-environment.restore-strategy", **place, strategy=strategy)


def test_what_is_restored_keeps_the_rules(checkout: Log) -> None:
    state = checkout.read(flag_states, ["checkout"])["flag/checkout"]
    shown = msgspec.structs.asdict(state)
    refused(checkout, BadData, "flag.restore", **{**shown, "name": "a/b"})
    refused(checkout, BadData, "flag.restore", **{**shown, "name": "new", "type": "nope"})
    refused(checkout, NotFound, "flag.restore", **{**shown, "name": "new", "project": "nowhere"})
    refused(checkout, BadData, "flag.restore", **{**shown, "name": "new", "tags": [TagData(type="no", value="core")]})
    (strategy,) = state_of(checkout, "checkout").strategies
    run(checkout, "flag-environment.remove-strategy", **PLACE, strategy_id=strategy.id)
    wrong: list[tuple[dict[str, Any], type[FlagkeeperError]]] = [
        ({"parameters": {"rollout": "101"}}, BadData),
        ({"constraints": [Constraint(context_name="x", operator="NOPE")]}, BadData),
        ({"name": "unknown"}, BadData),
        ({"segments": [7]}, NotFound),
    ]
    for fields, error in wrong:
        damaged = msgspec.structs.replace(strategy, **fields)
        refused(checkout, error, "flag-environment.restore-strategy", **PLACE, strategy=damaged)


def test_a_flag_is_archived_since_a_time_at_which_it_was_there(checkout: Log) -> None:
    born = checkout.read(flag_states, ["checkout"])["flag/checkout"].created_at
    refused(checkout, BadData, "flag.archive", **CHECKOUT, at=born - 1)
    refused(checkout, BadData, "flag.archive", **CHECKOUT, at=clock.now() + clock.DAY)
    for at in (born, None):
        run(checkout, "flag.archive", **CHECKOUT, at=at)
        assert checkout.read(flag_states, ["checkout"])["flag/checkout"].archived_at == born


def test_a_name_that_was_free_once_need_not_match_a_newer_pattern(checkout: Log) -> None:
    state = checkout.read(flag_states, ["checkout"])["flag/checkout"]
    for op in ("flag.archive", "flag.delete"):
        run(checkout, op, **CHECKOUT)
    checkout.run(set_naming_pattern, "team-.+")
    refused(checkout, PatternMismatch, "flag.create", project=P, draft=flag("checkout"))
    run(checkout, "flag.restore", **msgspec.structs.asdict(state))
    (event,) = checkout.events("type:feature-created", limit=1)
    assert (event.feature_name, event.created_by) == ("checkout", ALICE.name)
