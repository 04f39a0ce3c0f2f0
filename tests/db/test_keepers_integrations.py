"""The laws of keepers and steps, on integrations."""

from random import Random
from typing import Any

import msgspec
import pytest

from flagkeeper.eventlog import versions
from flagkeeper.eventlog.step import Demand, Step
from flagkeeper.integrations.config import commands, queries, steps
from flagkeeper.integrations.config.model import Integration, IntegrationDraft, IntegrationState
from flagkeeper.integrations.config.ports import SEALED_BY
from flagkeeper.integrations.protocol.event_body import MASK
from flagkeeper.keepers import KEEPERS, OPS
from flagkeeper.kernel.errors import BadData, Conflict, InvalidOperation, NotFound
from flagkeeper.kernel.secrets import Keyring, entry_of
from tests.keeping import StandingIn, check_removals, check_steps, check_versions, read_now
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"integration"}
OLD, NEW = "o" * 32, "n" * 32
KEYS = Keyring((OLD,))
PORTS = StandingIn({SEALED_BY: KEYS})
WEBHOOK = IntegrationDraft(
    provider="webhook",
    description="Tells the team",
    enabled=True,
    parameters={"url": "https://hooks.corp.example/x", "authorization": "Bearer s3cret", "contentType": "text/plain"},
    events=["feature-created"],
    projects=["shop"],
    environments=["production"],
    query="-by:bot",
)
MASKED = {"url": MASK, "authorization": MASK, "contentType": "text/plain"}
MAIL = msgspec.structs.replace(
    WEBHOOK,
    provider="email",
    parameters={"server": "smtp://mx.example", "from": "flags@corp.example", "to": "team@corp.example"},
)
SEALED_MAIL = msgspec.structs.replace(MAIL, parameters={**MAIL.parameters, "username": "me", "password": "s3cret"})
KEPT_MAIL = {**SEALED_MAIL.parameters, "password": MASK}


def op(name: str, payload: msgspec.Struct) -> Change:
    return lambda unit: OPS.run(unit, Step(name, payload), PORTS)


def with_(draft: IntegrationDraft, **changes: Any) -> IntegrationDraft:
    return msgspec.structs.replace(draft, **changes)


def create(draft: IntegrationDraft) -> Change:
    return lambda unit: commands.create(unit, draft, [], KEYS)


def update(id_: int, draft: IntegrationDraft) -> Change:
    return lambda unit: commands.update(unit, id_, draft, [], KEYS)


def delete(id_: int) -> Change:
    return lambda unit: commands.delete(unit, id_)


def now(log: Log, id_: int) -> Integration:
    found: Integration = log.read(queries.integration, id_)
    return found


def op_update(id_: int, draft: IntegrationDraft) -> Change:
    return op("integration.update", steps.Update(id=id_, draft=draft))


STORY: list[Change] = [
    create(WEBHOOK),
    update(1, WEBHOOK),
    update(1, with_(WEBHOOK, parameters={**MASKED, "contentType": "application/json"})),
    update(1, with_(WEBHOOK, parameters=MASKED, description=None, enabled=False, projects=[], query="")),
    op_update(1, with_(WEBHOOK, parameters={**MASKED, "ordered": "true"}, environments=[], events=["feature-created"])),
    op_update(1, with_(WEBHOOK, parameters=MASKED)),
    lambda unit: commands.disable(unit, 1),
    lambda unit: commands.disable(unit, 1),
    op("integration.create", steps.Create(draft=MAIL)),
    op_update(2, with_(MAIL, parameters={**MAIL.parameters, "server": "smtp://other.example"})),
    delete(2),
    op("integration.restore", steps.Restore(state=IntegrationState(**{
        **msgspec.structs.asdict(with_(MAIL, description="again")), "id": 2, "entries": {},
    }))),
    op("integration.delete", steps.ById(id=2)),
    create(SEALED_MAIL),
    op_update(3, with_(SEALED_MAIL, parameters=KEPT_MAIL, description="the same password")),
]  # fmt: skip


def test_every_command(log: Log) -> None:
    tell(log, STORY, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) == 5 + 3 + 1
    assert check_removals(log, PORTS, kinds=KINDS) == 2


def test_nobody_has_secrets_of_before(log: Log) -> None:
    story = [
        create(WEBHOOK),
        update(1, with_(WEBHOOK, parameters={**MASKED, "authorization": "Bearer other"})),
        create(WEBHOOK),
        op("integration.rotate-signing-secret", steps.ById(id=2)),
        op("integration.rotate-signing-secret", steps.ById(id=2)),
        create(WEBHOOK),
        update(3, with_(WEBHOOK, parameters={**MASKED, "authorization": ""})),
        create(WEBHOOK),
        update(4, MAIL),
        update(4, with_(MAIL, enabled=False)),
        create(WEBHOOK),
        delete(5),
        create(SEALED_MAIL),
        update(6, with_(SEALED_MAIL, parameters={**SEALED_MAIL.parameters, "server": "smtp://other.example"})),
        update(6, SEALED_MAIL),
        update(6, with_(SEALED_MAIL, parameters={**SEALED_MAIL.parameters, "server": "smtp://other.example"})),
    ]
    tell(log, story, kinds=KINDS)
    refused = {f"integration/{number}" for number in range(1, 7)}
    assert check_steps(log, PORTS, kinds=KINDS, refused=refused) == 1 + 1
    assert check_removals(log, PORTS, kinds=KINDS) == 5
    keeper = KEEPERS.of_kind("integration")
    for number, message in ((1, "other secrets then.*: authorization"), (6, "another address then")):
        then = KEEPERS.state(log.read(versions.history, f"integration/{number}")[0])
        with pytest.raises(InvalidOperation, match=message):
            keeper.steps(f"integration/{number}", now(log, number).state(), then)


def test_what_is_kept_tells_nothing_of_secrets(log: Log) -> None:
    tell(log, [create(WEBHOOK), lambda unit: commands.rotate_signing_secret(unit, 1, KEYS)], kinds=KINDS)
    sealed = now(log, 1).parameters
    ((state, _),) = log.read(read_now, KINDS).values()
    assert isinstance(state, IntegrationState)
    assert state.parameters == {"contentType": "text/plain"}
    assert state.entries == {name: entry_of(sealed[name]) for name in ("url", "authorization", "signingSecret")}
    assert all(state.entries.values())
    told = msgspec.json.encode(state).decode()
    opened = queries.opened(now(log, 1), KEYS)
    for name in ("url", "authorization", "signingSecret"):
        assert opened[name][-10:] not in told
        assert sealed[name][30:] not in told


def test_a_secret_that_is_sealed_anew_is_the_same(log: Log) -> None:
    tell(log, [create(WEBHOOK), create(SEALED_MAIL)], kinds=KINDS)
    before, states, parameters = log.count(), log.read(read_now, KINDS), now(log, 1).parameters
    for keys in ((NEW, OLD), (OLD, NEW), (NEW, OLD)):
        log.run(commands.reseal, Keyring(keys))
        assert queries.opened(now(log, 1), Keyring(keys)) == WEBHOOK.parameters
    assert now(log, 1).parameters["url"] != parameters["url"]
    assert (log.count(), log.read(read_now, KINDS)) == (before, states)
    check_versions(log, KINDS)
    tell(log, [lambda unit: commands.disable(unit, 1)], kinds=KINDS)
    assert check_steps(log, StandingIn({SEALED_BY: Keyring((NEW,))}), kinds=KINDS) == 1


def test_an_integration_that_comes_back_is_the_one_that_was(log: Log) -> None:
    tell(log, [create(MAIL)], kinds=KINDS)
    before = now(log, 1)
    ((step,),) = [KEEPERS.of_kind("integration").steps("integration/1", None, before.state())]
    tell(log, [delete(1), op(step.op, step.payload)], kinds=KINDS)
    assert now(log, 1) == before
    assert [event.type for event in log.events(limit=2)] == ["addon-config-created", "addon-config-deleted"]


def test_what_nobody_knows_is_not_guessed(log: Log) -> None:
    keeper = KEEPERS.of_kind("integration")
    tell(log, [create(WEBHOOK)], kinds=KINDS)
    state = now(log, 1).state()
    first = msgspec.structs.replace(state, parameters=None, entries={})
    for is_now, then in ((state, first), (first, state), (None, first), (None, state)):
        with pytest.raises(InvalidOperation, match="integration 1"):
            keeper.steps("integration/1", is_now, then)
    unknown = msgspec.structs.replace(now(log, 1), provider="of-tomorrow").state()
    assert (unknown.parameters, unknown.entries) == (None, {})
    unsealed = msgspec.structs.replace(now(log, 1), parameters={"url": "https://hooks.corp.example/x"}).state()
    assert unsealed.entries == {"url": ""}


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (create(with_(WEBHOOK, provider="nothing")), BadData),
        (update(1, with_(WEBHOOK, query="since:1h")), BadData),
        (update(99, WEBHOOK), NotFound),
        (delete(99), NotFound),
        (lambda unit: commands.rotate_signing_secret(unit, 2, KEYS), BadData),
        (op("integration.create", steps.Create(draft=with_(WEBHOOK, parameters=MASKED))), BadData),
        (op_update(2, with_(MAIL, parameters={**MAIL.parameters, "server": "smtp://me:me@mx.example"})), BadData),
        (op("integration.rotate-signing-secret", steps.ById(id=99)), NotFound),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log, wanted: Change, error: type[Exception]) -> None:
    tell(log, [create(WEBHOOK), create(MAIL)], kinds=KINDS)
    assert isinstance(attempt(log, wanted, kinds=KINDS), error)


def test_an_integration_is_not_brought_back_twice_nor_out_of_nothing_nor_without_its_secrets(log: Log) -> None:
    tell(log, [create(MAIL), create(WEBHOOK)], kinds=KINDS)
    mail, webhook = now(log, 1).state(), now(log, 2).state()

    def restored(state: IntegrationState, **changes: Any) -> Any:
        payload = steps.Restore(state=msgspec.structs.replace(state, **changes))
        return attempt(log, op("integration.restore", payload), kinds=KINDS)

    assert isinstance(restored(mail), Conflict)
    for id_ in (0, -1, 3):
        assert isinstance(restored(mail, id=id_), BadData)
    tell(log, [delete(1), delete(2)], kinds=KINDS)
    assert isinstance(restored(webhook), InvalidOperation)
    assert isinstance(restored(mail, parameters={**(mail.parameters or {}), "server": "x"}), BadData)
    assert isinstance(restored(mail, events=["nothing"]), BadData)
    assert isinstance(restored(mail, parameters={}), BadData)
    assert restored(mail) is None


@pytest.mark.parametrize("name", ["integration.create", "integration.update", "integration.restore"])
@pytest.mark.parametrize(
    ("provider", "parameters"),
    [
        ("webhook", {"authorization": "Bearer s3cret"}),
        ("webhook", {"url": "https://hooks.corp.example/s3cret"}),
        ("webhook", {"Authorization": "Bearer s3cret"}),
        ("nothing", {"url": MASK}),
    ],
)
def test_a_step_holds_no_secret(name: str, provider: str, parameters: dict[str, str]) -> None:
    draft = msgspec.to_builtins(with_(WEBHOOK, provider=provider, parameters=parameters))
    state = {**draft, "id": 1, "entries": {}}
    payload = {"id": 1, "state": state} if name == "integration.restore" else {"id": 1, "draft": draft}
    with pytest.raises(BadData) as caught:
        OPS.decode(msgspec.json.encode({"op": name, "payload": payload}))
    assert "s3cret" not in caught.value.message
    harmless = {**draft, "provider": "webhook", "parameters": {} if name == "integration.restore" else MASKED}
    payload = {"id": 1, "draft": harmless, "state": {**harmless, "id": 1, "entries": {}}}
    assert OPS.decode(msgspec.json.encode({"op": name, "payload": payload})).op == name


def test_who_may() -> None:
    wanted = {
        "integration.create": (steps.Create(draft=MAIL), "CREATE_ADDON"),
        "integration.update": (steps.Update(id=1, draft=MAIL), "UPDATE_ADDON"),
        "integration.delete": (steps.ById(id=1), "DELETE_ADDON"),
        "integration.rotate-signing-secret": (steps.ById(id=1), "UPDATE_ADDON"),
    }
    for name, (payload, permission) in wanted.items():
        assert OPS.demands(Step(name, payload)) == ((Demand(permission),),)


def random_change(dice: Random, number: int) -> Change:
    """To integrations of which no secret is ever entered anew."""
    id_ = dice.randint(2, 5)
    words = dice.choice(["", "a", "b"])
    draft = with_(MAIL, description=words or None, enabled=dice.random() < 0.5, query=words)
    server = {**MAIL.parameters, "server": f"smtp://mx{number}.example"}
    changes: list[Change] = [
        create(draft),
        update(id_, draft),
        update(id_, with_(draft, parameters=server)),
        update(1, with_(WEBHOOK, parameters=MASKED, description=words, query=words)),
        lambda unit: commands.disable(unit, id_),
        delete(id_),
        lambda unit: commands.restore(unit, _mail_state(id_)),
        lambda unit: commands.reseal(unit, KEYS),
    ]
    return dice.choice(changes)


def _mail_state(id_: int) -> IntegrationState:
    made = {**msgspec.structs.asdict(MAIL), "id": id_}
    return Integration(**made).state()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(log: Log, seed: int) -> None:
    tell(log, [create(WEBHOOK), create(MAIL)], kinds=KINDS)
    dice = Random(seed)
    refused = [attempt(log, random_change(dice, number), kinds=KINDS) for number in range(30)]
    assert refused.count(None) > 10
    assert check_steps(log, PORTS, kinds=KINDS) > 3
    assert check_removals(log, PORTS, kinds=KINDS) >= 1
