"""Bodies as scripts for Unleash send them: numbers where text belongs, and null for what is left out. Pure.

Unleash takes both everywhere. Here they become what was meant before a body is checked against its type; whatever else
does not fit stays for the check to refuse.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

Meant = Callable[[Any], Any]
"""Gives a decoded JSON value as it was meant."""


@lru_cache(maxsize=500)
def meant_as(kind: Hashable) -> Meant:
    """How values for `kind`, a type that msgspec reads, are meant."""
    return _Reader().of(inspect.type_info(kind))


class _Reader:
    """Builds `Meant` for a type; structs that hold themselves are built once."""

    def __init__(self) -> None:
        self._structs: dict[type, Meant] = {}

    def of(self, kind: inspect.Type) -> Meant:
        match kind:
            case inspect.StrType():
                return _text
            case inspect.Metadata(type=inner):
                return self.of(inner)
            case inspect.ListType(item_type=item):
                return _each(self.of(item))
            case inspect.DictType(value_type=member):
                return _members(self.of(member), keeps_null=_takes_null(member))
            case inspect.StructType(cls=cls, fields=fields):
                return self._struct(cls, fields)
            case inspect.UnionType(types=types):
                return self._union(types)
        return _as_it_is

    def _struct(self, cls: type, fields: tuple[inspect.Field, ...]) -> Meant:
        if cls in self._structs:
            return self._structs[cls]
        members: dict[str, tuple[Meant, bool]] = {}
        self._structs[cls] = found = _fields(members)
        for field in fields:
            members[field.encode_name] = (self.of(field.type), field.required or _takes_null(field.type))
        return found

    def _union(self, types: tuple[inspect.Type, ...]) -> Meant:
        """Only where there is one way to mean it."""
        some = [each for each in types if not isinstance(each, inspect.NoneType)]
        return self.of(some[0]) if len(some) == 1 else _as_it_is


def _takes_null(kind: inspect.Type) -> bool:
    match kind:
        case inspect.Metadata(type=inner):
            return _takes_null(inner)
        case inspect.UnionType(types=types):
            return any(map(_takes_null, types))
    return isinstance(kind, inspect.NoneType | inspect.AnyType | inspect.RawType)


def _as_it_is(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, int | float) else value


def _each(item: Meant) -> Meant:
    return lambda value: [item(each) for each in value] if isinstance(value, list) else value


def _members(member: Meant, *, keeps_null: bool) -> Meant:
    def meant(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: member(each) for name, each in value.items() if keeps_null or each is not None}

    return meant


def _fields(members: dict[str, tuple[Meant, bool]]) -> Meant:
    """`members`: by name on the wire, how it is meant, and whether null says something."""

    def meant(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        found = {}
        for name, each in value.items():
            member, keeps_null = members.get(name, (_as_it_is, True))
            if keeps_null or each is not None:
                found[name] = member(each)
        return found

    return meant
