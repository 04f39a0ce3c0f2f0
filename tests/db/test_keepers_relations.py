"""Keepers and steps of context fields, and of what hangs on flags; and that dependencies never are more than one level
deep, whatever is asked for in whatever order."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from flagkeeper.eventlog.catalogue.context import LegalValue
from flagkeeper.eventlog.step import Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.context_fields import commands as fields
from flagkeeper.features.context_fields.model import ContextFieldChange, ContextFieldDraft
from flagkeeper.features.context_fields.ports import FIELD_CONSTRAINTS, FIELD_SEGMENTS, FIELD_USES
from flagkeeper.features.flags.commands import archive, create, dependencies, lifecycle, links
from flagkeeper.features.flags.model.relations import CompletionDraft, DependencyDraft, LinkDraft
from flagkeeper.features.flags.queries.states import flag_states
from flagkeeper.features.projects import commands as projects
from flagkeeper.keepers import OPS
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import FlagkeeperError, Forbidden
from tests.flags import add_project, make, seed
from tests.keeping import StandingIn, check_removals, check_steps, rehearse
from tests.log import ALICE, Log
from tests.story import tell

PORTS = StandingIn(
    {
        FIELD_USES: lambda _tx, _fields: {},
        FIELD_SEGMENTS: lambda _tx, _field: [],
        FIELD_CONSTRAINTS: lambda _tx, _field: [],
    }
)
PAYLOADS = {op.name: op.payload for op in OPS}
P = "default"

Change = Callable[[Unit], Any]


def ask(op: str, **payload: Any) -> Change:
    """A step."""
    step = Step(op, PAYLOADS[op](**payload))
    return lambda unit: OPS.run(unit, step, PORTS)


def test_context_fields(log: Log) -> None:
    seed(log)
    log.run(add_project, "other")
    tier = {"name": "tier", "project": None}
    story: list[Change] = [
        fields.seed,
        lambda unit: fields.create(unit, ContextFieldDraft(name="tier", description="x", sort_order=3)),
        ask("context-field.update", **tier, change=ContextFieldChange(stickiness=True)),
        lambda unit: fields.set_legal_value(unit, "tier", LegalValue(value="gold", description="the best")),
        lambda unit: fields.set_legal_value(unit, "tier", LegalValue(value="iron")),
        lambda unit: fields.remove_legal_value(unit, "tier", "gold", PORTS.answer(FIELD_CONSTRAINTS)),
        ask("context-field.update", **tier, change=ContextFieldChange(project="other")),
        ask("context-field.create", name="team", project=P),
        ask("context-field.delete", name="userId", project=None),
    ]
    tell(log, story, kinds={"context-field"})
    assert check_steps(log, PORTS, kinds={"context-field"}) > 4
    assert check_removals(log, PORTS, kinds={"context-field"}) == 6
    tell(log, [ask("context-field.delete", name="team", project=P)], kinds={"context-field"})
    assert check_steps(log, PORTS, kinds={"context-field"}) > 5


def test_what_hangs_on_a_flag(log: Log) -> None:
    seed(log)
    for name in ("parent", "child", "second"):
        make(log, name)
    child = {"project": P, "flag": "child"}
    link = LinkDraft(url="x.test", title="X")
    kept = CompletionDraft(status="kept", status_value="blue")

    def of(change: Callable[..., Any], *more: Any) -> Change:
        return lambda unit: change(unit, P, "child", *more)

    def first_link(change: Callable[..., Any], *more: Any) -> Change:
        def run(unit: Unit) -> None:
            state = flag_states(unit.tx, ["child"])["flag/child"]
            change(unit, P, "child", state.links[0].id, *more)

        return run

    story: list[Change] = [
        ask("flag.add-dependency", **child, draft=DependencyDraft(feature="parent", variants=["a"])),
        of(dependencies.add, DependencyDraft(feature="second", enabled=False)),
        of(dependencies.add, DependencyDraft(feature="parent")),
        of(links.add, link),
        ask("flag.add-link", **child, draft=LinkDraft(url="https://y.test")),
        first_link(links.update, LinkDraft(url="z.test")),
        first_link(links.remove),
        ask("flag.complete", **child, draft=kept),
        of(lifecycle.complete, CompletionDraft(status="discarded")),
        ask("flag.remove-dependency", **child, parent="second"),
        of(archive.archive),
        of(archive.revive),
        of(lifecycle.complete, kept),
        of(dependencies.add, DependencyDraft(feature="parent")),
    ]
    tell(log, story, kinds={"flag"})
    assert check_steps(log, PORTS, kinds={"flag"}) > 12
    more: list[Change] = [
        ask("flag.remove-dependencies", **child),
        ask("flag.uncomplete", **child),
        of(archive.archive),
        of(archive.delete),
    ]
    tell(log, more, kinds={"flag"})
    assert check_steps(log, PORTS, kinds={"flag"}) > 12, "also those of a flag that is gone"


def test_favourites_are_steps_of_their_people(log: Log) -> None:
    seed(log)
    make(log, "flag")
    mine = {"user_id": 7}
    story: list[Change] = [
        ask("favorite-flag.add", flag="flag", **mine),
        ask("favorite-project.add", project=P, **mine),
        ask("favorite-flag.remove", flag="flag", **mine),
        ask("favorite-flag.add", flag="flag", **mine),
        ask("favorite-project.remove", project=P, **mine),
        lambda unit: projects.add_favorite(unit, P),
    ]
    kinds = {"favorite-flag", "favorite-project"}
    tell(log, story, kinds=kinds)
    assert check_steps(log, PORTS, kinds=kinds, actor=ALICE) > 0
    assert check_removals(log, PORTS, kinds=kinds, actor=ALICE) == 2
    for op in ("favorite-flag.add", "favorite-flag.remove"):
        with pytest.raises(Forbidden, match="nobody else"):
            rehearse(log, [Step(op, PAYLOADS[op](flag="flag", user_id=8))], PORTS, ALICE)
    gone: list[Change] = [lambda unit: archive.archive(unit, P, "flag"), lambda unit: archive.delete(unit, P, "flag")]
    tell(log, gone, kinds=kinds)


FLAGS = [f"flag-{number}" for number in range(6)]


def test_dependencies_are_one_level_deep_whatever_the_order(log: Log) -> None:
    seed(log)
    for name in FLAGS:
        make(log, name)
    rng = random.Random(20261130)
    done = refused = 0
    for _ in range(150):
        one, other = rng.choice(FLAGS), rng.choice(FLAGS)
        change = rng.choice(
            [
                *[(dependencies.add, one, DependencyDraft(feature=other, enabled=rng.random() < 0.5))] * 4,
                (dependencies.remove, one, other),
                (dependencies.remove_all, one),
                (archive.archive, one),
                (archive.revive, one),
                (archive.revive, other),
                (create.clone, one, f"copy-{clock.now()}-{rng.random()}"),
            ]
        )
        command, *arguments = change
        try:
            log.run(command, P, *arguments)
            done += 1
        except FlagkeeperError:
            refused += 1
        states = log.read(lambda tx: flag_states(tx, FLAGS))
        children = {name for name in FLAGS if states[f"flag/{name}"].dependencies}
        parents = {each.feature for name in FLAGS for each in states[f"flag/{name}"].dependencies}
        assert children.isdisjoint(parents), "a chain or a circle"
        archived = {name for name in FLAGS if states[f"flag/{name}"].archived_at}
        assert archived.isdisjoint(children | parents)
    assert (done > 30, refused > 30) == (True, True)
