"""Keepers, operations, tables and routes belong together: what is audited can be read, reverted and asked for."""

import types
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler
from msgspec import inspect

from flagkeeper.app import ROUTES
from flagkeeper.eventlog.step import Op, Ops
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.http import route
from flagkeeper.http.permissions import Permission
from flagkeeper.keepers import KEEPERS, OPS
from flagkeeper.schema import metadata
from flagkeeper.storage.metadata import AUDITED
from tests.versions import kinds_of

OPERATIONS: dict[str, HTTPRouteHandler] = {str(each.operation_id): each for each in ROUTES}
SUBJECTS = sorted({table.info[AUDITED] for table in metadata.tables.values() if AUDITED in table.info})
WORDS = {"provider": "webhook"}
"""By field: examples where not every text will do."""


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: "/".join(subject))
def test_what_is_audited_has_a_keeper(subject: tuple[str, ...]) -> None:
    kind, *columns = subject
    path = "/".join((kind, *columns))
    keeper = KEEPERS.of_path(path)
    head, *names = keeper.pattern.split("/")
    assert (head, len(names)) == (kind, len(columns)), f"{keeper.pattern} is no pattern for {path}"


def test_every_kind_of_state_has_a_keeper_and_every_keeper_one() -> None:
    assert {each.state for each in KEEPERS} == set(kinds_of(Snapshot))


@pytest.mark.parametrize("op", list(OPS), ids=lambda op: op.name)
def test_an_operation_demands_what_its_route_demands(op: Op[Any]) -> None:
    kind, _, verb = op.name.partition(".")
    assert verb, f"{op.name} must be kind.verb"
    assert kind in {each.state.kind for each in KEEPERS}
    assert op.operation in OPERATIONS, f"no route is called {op.operation}"
    demanded = {each.permission for group in op.demands(example(op.payload)) for each in group}
    allowed = declared(OPERATIONS[op.operation])
    # Where a route asks for nothing, some of what it does may still be for administrators.
    assert demanded <= (allowed or {Permission.ADMIN}), f"its route asks for {sorted(allowed)}"
    assert demanded or not allowed, f"its route asks for {sorted(allowed)}"


def test_no_two_operations_have_one_name() -> None:
    one, *_ = OPS
    with pytest.raises(TypeError, match=f"two operations called {one.name}"):
        Ops([*OPS, one])


def declared(handler: HTTPRouteHandler) -> set[str]:
    """The permissions that a route declares, and those that its handler asks for itself."""
    needed: route.Needed = handler.opt[route.PERMISSION]
    own = set() if needed in (route.ANYBODY, route.PUBLIC) else {needed} if isinstance(needed, str) else set(needed)
    return {str(each) for each in own} | set(asked_by(handler.fn, set()))


def asked_by(function: Any, seen: set[Any]) -> Iterator[str]:
    """The names of permissions in a function, and in those of its own module that it calls."""
    seen.add(function)
    for code in codes(function.__code__):
        yield from (name for name in code.co_names if name in Permission.__members__)
        for name in code.co_names:
            called = function.__globals__.get(name)
            own = isinstance(called, types.FunctionType) and called.__module__ == function.__module__
            if own and called not in seen:
                yield from asked_by(called, seen)


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Code with the code of lambdas and comprehensions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def example(payload: type[msgspec.Struct]) -> Any:
    """A payload in which everything is given that may be left out."""
    return msgspec.convert(value_of(inspect.type_info(payload)), payload)


def value_of(wanted: inspect.Type) -> Any:
    match wanted:
        case inspect.StructType(fields=fields):
            return {
                field.encode_name: WORDS.get(field.encode_name) or value_of(field.type)
                for field in fields
                if has_value(field.type)
            }
        case inspect.UnionType(types=choices):
            return value_of(next(filter(has_value, choices)))
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.SetType(item_type=item):
            return [value_of(item)]
        case inspect.DictType():
            return {}
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=enum):
            return next(iter(enum)).value
        case inspect.StrType():
            return "2026-01-01T00:00:00.000Z"
        case inspect.IntType(ge=least) | inspect.FloatType(ge=least):
            return least or 1
        case inspect.BoolType():
            return True
        case inspect.Metadata(type=inner):
            return value_of(inner)
        case inspect.AnyType():
            return {}
        case _:
            raise TypeError(f"no example of {wanted}")


def has_value(wanted: inspect.Type) -> bool:
    """Whether there is something to give besides nothing."""
    return not isinstance(wanted, inspect.NoneType)
