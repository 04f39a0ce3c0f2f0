"""How two JSON Schemas differ for those who exchange messages: clients were built for one, the server has the other.

Compared are types (null among them), properties, which properties are required, items, enumerations, and the formats of
texts in answers. Patterns, lengths, limits, defaults and descriptions are not. What an answer does not have is missing
where clients may rely on it, and left out where they may not.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]

EVERY_TYPE = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


class Shape(NamedTuple):
    """What a schema says once references are followed and alternatives are laid over each other."""

    types: frozenset[str]
    properties: dict[str, Json]
    required: frozenset[str]
    items: Json | None
    values: frozenset[Any] | None
    """The values of an enumeration. None: any."""
    entries: bool
    """Whether an object may have properties that are not named."""
    format: str | None
    """Of a text."""


class Schemas:
    """The schemas of one document, by reference."""

    def __init__(self, by_reference: dict[str, Json]) -> None:
        self._by_reference = by_reference

    def shape(self, schema: Json) -> Shape:
        """The shape of `schema`. An unknown reference is a KeyError."""
        if "$ref" in schema:
            return self.shape(self._by_reference[schema["$ref"]])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {name: value for name, value in schema.items() if name != word}
                return self._any(schema[word], rest)
        if "allOf" in schema:
            rest = {name: value for name, value in schema.items() if name != "allOf"}
            return self._all([*schema["allOf"], *([rest] if rest else [])])
        return _plain(schema)

    def _any(self, alternatives: list[Json], rest: Json) -> Shape:
        """What one of the alternatives would say: required is what all of those that are objects require."""
        shapes = [self.shape(each) for each in alternatives]
        objects = [each for each in shapes if "object" in each.types]
        own = _plain({"type": "object", **rest}) if "properties" in rest or "required" in rest else None
        required = frozenset.intersection(*(each.required for each in objects)) if objects else frozenset[str]()
        values = None
        if all(each.values is not None or each.types == {"null"} for each in shapes):
            values = frozenset[Any]().union(*(each.values or () for each in shapes)) or None
        items = [each.items for each in shapes if each.items is not None]
        types = frozenset[str]().union(*(each.types for each in shapes))
        return Shape(
            types=types | ({"null"} if rest.get("nullable") else frozenset()),
            properties=_together([*(each.properties for each in objects), *([own.properties] if own else [])]),
            required=required | (own.required if own else frozenset()),
            items=items[0] if len(items) == 1 else {"anyOf": items} if items else None,
            values=values,
            entries=any(each.entries for each in objects),
            format=next((each.format for each in shapes if each.format is not None), None),
        )

    def _all(self, parts: list[Json]) -> Shape:
        shapes = [self.shape(each) for each in parts]
        return Shape(
            types=frozenset.intersection(*(each.types for each in shapes)),
            properties=_together([each.properties for each in shapes]),
            required=frozenset[str]().union(*(each.required for each in shapes)),
            items=next((each.items for each in shapes if each.items is not None), None),
            values=next((each.values for each in shapes if each.values is not None), None),
            entries=all(each.entries for each in shapes),
            format=next((each.format for each in shapes if each.format is not None), None),
        )


def _plain(schema: Json) -> Shape:
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    named = schema.get("type")
    if isinstance(named, str):
        types = frozenset({named})
    elif named:
        types = frozenset(named)
    elif values is not None:
        types = frozenset(map(_type_of, values))
    elif "properties" in schema:
        types = frozenset({"object"})
    elif "items" in schema:
        types = frozenset({"array"})
    else:
        types = EVERY_TYPE
    if "number" in types:
        types |= {"integer"}
    if schema.get("nullable"):
        types |= {"null"}
    return Shape(
        types=types,
        properties=dict(schema.get("properties", {})),
        required=frozenset(schema.get("required", ())),
        items=_items(schema) if "array" in types else None,
        values=None if values is None else frozenset(each for each in values if each is not None),
        entries=schema.get("additionalProperties", True) is not False,
        format=schema.get("format") if "string" in types else None,
    )


def _items(schema: Json) -> Json | None:
    """What an item of an array may be, wherever in the array it stands."""
    rest = schema.get("items")
    found = [*schema.get("prefixItems", ()), *([rest] if isinstance(rest, dict) else [])]
    return {"anyOf": found} if len(found) > 1 else found[0] if found else None


def _type_of(value: object) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return names.get(type(value), "object" if isinstance(value, dict) else "array")


def _together(several: Iterable[dict[str, Json]]) -> dict[str, Json]:
    """Properties of the same name become alternatives."""
    found: dict[str, list[Json]] = {}
    for properties in several:
        for name, schema in properties.items():
            found.setdefault(name, []).append(schema)
    return {name: schemas[0] if len(schemas) == 1 else {"anyOf": schemas} for name, schemas in found.items()}


class Comparison(NamedTuple):
    """Two documents, and who sends: in a request the client does, who was built for `expected`."""

    expected: Schemas
    served: Schemas
    request: bool

    def differences(
        self, expected: Json, served: Json, where: str = "body", above: frozenset[str] = frozenset()
    ) -> Iterator[str]:
        """What a client that was built for `expected` would stumble over."""
        here = f"{expected} {served}"
        if here in above:  # a schema that contains itself
            return
        wanted, given = self.expected.shape(expected), self.served.shape(served)
        if given.types == EVERY_TYPE and wanted.types != EVERY_TYPE and not self.request:
            yield f"{where} is not described"
            return
        yield from self._types(wanted, given, where)
        yield from self._values(wanted, given, where)
        if wanted.format not in (None, given.format) and "string" in wanted.types & given.types and not self.request:
            yield f"{where} is any text, expected {wanted.format}"
        if "object" in wanted.types & given.types:
            yield from self._properties(wanted, given, where, above | {here})
        if wanted.items is not None and given.items is not None:
            yield from self.differences(wanted.items, given.items, f"{where}[]", above | {here})

    def _types(self, wanted: Shape, given: Shape, where: str) -> Iterator[str]:
        refused = wanted.types - given.types if self.request else given.types - wanted.types
        if not refused:
            return
        if refused == {"null"}:
            yield f"{where} may not be null" if self.request else f"{where} may be null"
        else:
            yield f"{where} is {_names(given.types)}, expected {_names(wanted.types)}"

    def _values(self, wanted: Shape, given: Shape, where: str) -> Iterator[str]:
        sent, known = (wanted.values, given.values) if self.request else (given.values, wanted.values)
        if known is None or "string" not in wanted.types & given.types:
            return
        if sent is None:
            yield (
                f"{where} is any string, expected one of {_names(known)}"
                if not self.request
                else (f"{where} is one of {_names(known)}, expected any string")
            )
        elif sent - known:
            yield f"{where} {'does not accept' if self.request else 'may also be'} {_names(sent - known)}"

    def _properties(self, wanted: Shape, given: Shape, where: str, above: frozenset[str]) -> Iterator[str]:
        for name, schema in sorted(wanted.properties.items()):
            if name in given.properties:
                yield from self.differences(schema, given.properties[name], f"{where}.{name}", above)
            elif self.request or name in wanted.required:
                yield f"{where}.{name} is missing"
            else:
                yield f"{where}.{name} is left out"
        if self.request and given.entries and not wanted.entries:
            yield f"{where} may have fields that nobody knows"
        demanded, promised = (given, wanted) if self.request else (wanted, given)
        for name in sorted(demanded.required - promised.required):
            if name in wanted.properties and name in given.properties:
                yield f"{where}.{name} is {'required' if self.request else 'optional'}"
            elif self.request:
                yield f"{where}.{name} is required, and no client knows it"


def _names(names: Iterable[Any]) -> str:
    found = sorted(map(str, names))
    return (
        "any type"
        if set(found) == EVERY_TYPE
        else " or ".join(each for each in found if each != "integer" or "number" not in found)
    )
