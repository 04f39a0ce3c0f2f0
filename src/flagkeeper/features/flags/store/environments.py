"""Flags in environments, with their strategies."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, exists, insert, or_, select, update

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData, by_name
from flagkeeper.features.flags.model.environment import FlagEnvironment, in_order
from flagkeeper.features.flags.tables import feature_environments as places
from flagkeeper.features.flags.tables import feature_strategies as strategies
from flagkeeper.features.flags.tables import feature_strategy_segments as used
from flagkeeper.features.flags.tables import features
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, Write, columns
from flagkeeper.storage.transaction import Transaction

_constraints = msgspec.json.Decoder(list[Constraint]).decode
_parameters = msgspec.json.Decoder(dict[str, str]).decode
_variant_list = msgspec.json.Decoder(list[VariantData]).decode

STATES = (
    select(
        places.c.feature_name,
        places.c.environment,
        places.c.enabled,
        places.c.variants,
        used.c.segment_id,
        strategies.c.id,
        strategies.c.strategy_name,
        strategies.c.title,
        strategies.c.disabled,
        strategies.c.constraints,
        strategies.c.parameters,
        strategies.c.variants.label("strategy_variants"),
        strategies.c.sort_order,
    )
    .select_from(places)
    .outerjoin(
        strategies,
        and_(strategies.c.feature_name == places.c.feature_name, strategies.c.environment == places.c.environment),
    )
    .outerjoin(used, used.c.strategy_id == strategies.c.id)
)
"""One row per flag, environment, strategy and segment; `assembled` puts them together."""

_OF_FLAG = Query(STATES.where(places.c.feature_name == bindparam("feature_name")), columns)
ONE = Query(
    STATES.where(places.c.feature_name == bindparam("feature_name"), places.c.environment == bindparam("environment")),
    columns,
)
_HERE = (places.c.feature_name == bindparam("feature_name"), places.c.environment == bindparam("environment"))
_THIS = (
    strategies.c.id == bindparam("id"),
    strategies.c.feature_name == bindparam("feature_name"),
    strategies.c.environment == bindparam("environment"),
)
_USED = Query(
    select(places.c.feature_name)
    .join(features, features.c.name == places.c.feature_name)
    .where(
        features.c.project == bindparam("project"),
        places.c.environment == bindparam("environment"),
        or_(
            places.c.enabled,
            places.c.variants != "[]",
            exists().where(
                strategies.c.feature_name == places.c.feature_name, strategies.c.environment == places.c.environment
            ),
        ),
    ),
    str,
)
_ADD = Write[Any](insert(places))
_REMOVE = Write[Any](delete(places).where(*_HERE))
_SWITCH = Write[Any](update(places).where(*_HERE).values(enabled=bindparam("enabled")))
_SET_VARIANTS = Write[Any](update(places).where(*_HERE).values(variants=bindparam("variants")))
_ADD_STRATEGY = Write[Any](insert(strategies))
_SAVE_STRATEGY = Write[Any](
    update(strategies)
    .where(*_THIS)
    .values(
        {name: bindparam(name) for name in ("title", "disabled", "parameters", "constraints", "variants", "sort_order")}
    )
)
_STRATEGY = Query(select(strategies.c.id).where(strategies.c.id == bindparam("id")), str)
_OWNERS = Query(
    select(strategies.c.id, strategies.c.feature_name, strategies.c.environment).where(any_of(strategies.c.id, "ids")),
    lambda id_, flag, environment: (str(id_), (str(flag), str(environment))),
)
_REMOVE_STRATEGY = Write[Any](delete(strategies).where(*_THIS))
_USE = Write[Any](insert(used))
_USE_NONE = Write[Any](
    delete(used).where(
        used.c.strategy_id == bindparam("id"),
        used.c.feature_name == bindparam("feature_name"),
        used.c.environment == bindparam("environment"),
    )
)


def assembled(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, FlagEnvironment]]:
    """Rows of `STATES` as states, by flag and environment."""
    frames: dict[tuple[str, str], tuple[bool, str]] = {}
    found: defaultdict[tuple[str, str], dict[str, Sequence[Any]]] = defaultdict(dict)
    segments: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        flag, environment, enabled, variants, segment, strategy_id = row[:6]
        frames[flag, environment] = (enabled, variants)
        if strategy_id is not None:
            found[flag, environment][strategy_id] = row
        if segment is not None:
            segments[strategy_id].append(segment)
    states: defaultdict[str, dict[str, FlagEnvironment]] = defaultdict(dict)
    for (flag, environment), (enabled, variants) in frames.items():
        own = [_strategy(row, sorted(segments[id_])) for id_, row in found[flag, environment].items()]
        states[flag][environment] = FlagEnvironment(
            enabled=enabled, variants=_variants(variants), strategies=in_order(own)
        )
    return states


def load(tx: Transaction, flag: str, environment: str) -> FlagEnvironment:
    """The state of a flag, whose lock the unit holds, in an environment.

    Raises:
        NotFound: the flag's project does not have the environment.
    """
    return one_of(tx.all(ONE, feature_name=flag, environment=environment), flag, environment)


def one_of(rows: Iterable[Sequence[Any]], flag: str, environment: str) -> FlagEnvironment:
    """The rows of `ONE` as a state. Raises `NotFound` when there are none."""
    state = assembled(rows).get(flag, {}).get(environment)
    if state is None:
        raise NotFound(f"The flag {flag!r} has no environment called {environment!r}.")
    return state


def load_all(tx: Transaction, flag: str) -> dict[str, FlagEnvironment]:
    """The states of a flag by environment, in the order of their names."""
    return dict(sorted(assembled(tx.all(_OF_FLAG, feature_name=flag)).get(flag, {}).items()))


def add(tx: Transaction, flag: str, states: dict[str, FlagEnvironment]) -> None:
    """Gives a flag environments; their strategies are added one by one."""
    rows = [_row(flag, name, enabled=state.enabled, variants=_text(state.variants)) for name, state in states.items()]
    tx.later(_ADD, rows)


def add_environment(tx: Transaction, flags: Iterable[str], environment: str) -> None:
    """Gives flags an environment: off and without strategies."""
    tx.write_many(_ADD, [_row(flag, environment, enabled=False, variants="[]") for flag in flags])


def remove_environment(tx: Transaction, flags: Iterable[str], environment: str) -> None:
    tx.write_many(_REMOVE, [_row(flag, environment) for flag in flags])


def used_in(tx: Transaction, project: str, environment: str) -> list[str]:
    """The flags of a project, archived ones too, that are on in an environment, or have strategies or variants there;
    sorted."""
    return sorted(tx.all(_USED, project=project, environment=environment))


def switch(tx: Transaction, flag: str, environment: str, enabled: bool) -> None:
    tx.later(_SWITCH, [_row(flag, environment, enabled=enabled)])


def set_variants(tx: Transaction, flag: str, environment: str, variants: list[VariantData]) -> None:
    tx.later(_SET_VARIANTS, [_row(flag, environment, variants=_text(variants))])


def has_strategy(tx: Transaction, strategy_id: str) -> bool:
    """Of any flag."""
    return tx.first(_STRATEGY, id=strategy_id) is not None


def owners(tx: Transaction, ids: list[str]) -> dict[str, tuple[str, str]]:
    """Flag and environment of the strategies among `ids` that exist."""
    return dict(tx.all(_OWNERS, ids=ids)) if ids else {}


def add_strategy(tx: Transaction, flag: str, environment: str, strategy: StrategyData, now: Millis) -> None:
    row = {**_strategy_row(flag, environment, strategy), "strategy_name": strategy.name, "created_at": now}
    tx.later(_ADD_STRATEGY, [row])
    _use(tx, flag, environment, strategy)


def save_strategy(tx: Transaction, flag: str, environment: str, old: StrategyData, new: StrategyData) -> None:
    tx.later(_SAVE_STRATEGY, [_strategy_row(flag, environment, new)])
    if new.segments != old.segments:
        tx.write(_USE_NONE, feature_name=flag, environment=environment, id=new.id)
        _use(tx, flag, environment, new)


def remove_strategy(tx: Transaction, flag: str, environment: str, strategy_id: str) -> None:
    """With its uses of segments."""
    tx.write(_REMOVE_STRATEGY, feature_name=flag, environment=environment, id=strategy_id)


def save(tx: Transaction, flag: str, environment: str, old: FlagEnvironment, new: FlagEnvironment, now: Millis) -> None:
    """Makes `new` out of `old`, whatever differs."""
    if new.enabled != old.enabled:
        switch(tx, flag, environment, new.enabled)
    if new.variants != old.variants:
        set_variants(tx, flag, environment, new.variants)
    before, after = ({each.id: each for each in state.strategies} for state in (old, new))
    for id_ in before.keys() - after.keys():
        remove_strategy(tx, flag, environment, id_)
    for id_, strategy in after.items():
        if id_ not in before:
            add_strategy(tx, flag, environment, strategy, now)
        elif strategy != before[id_]:
            save_strategy(tx, flag, environment, before[id_], strategy)


def _use(tx: Transaction, flag: str, environment: str, strategy: StrategyData) -> None:
    tx.write_many(
        _USE, [_row(flag, environment, strategy_id=strategy.id, segment_id=segment) for segment in strategy.segments]
    )


def _variants(stored: str) -> list[VariantData]:
    """Older versions stored them in the order in which they came."""
    return by_name(_variant_list(stored))


def _strategy(row: Sequence[Any], segments: list[int]) -> StrategyData:
    id_, name, title, disabled, constraints, parameters, variants, sort_order = row[5:]
    return StrategyData(
        id=id_,
        name=name,
        title=title,
        disabled=disabled,
        constraints=_constraints(constraints),
        parameters=_parameters(parameters),
        variants=_variants(variants),
        sort_order=sort_order,
        segments=segments,
    )


def _strategy_row(flag: str, environment: str, strategy: StrategyData) -> dict[str, Any]:
    return _row(
        flag,
        environment,
        id=strategy.id,
        title=strategy.title,
        disabled=strategy.disabled,
        parameters=_text(strategy.parameters),
        constraints=_text(strategy.constraints),
        variants=_text(strategy.variants),
        sort_order=strategy.sort_order,
    )


def _row(flag: str, environment: str, **values: Any) -> dict[str, Any]:
    return {"feature_name": flag, "environment": environment, **values}


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
