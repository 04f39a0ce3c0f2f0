"""What a context field is, and the rules for changing one. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import LISTS, Constraint
from flagkeeper.eventlog.catalogue.context import ContextFieldData, LegalValue
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import MOST_AT_ONCE, AtOnce
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 250
LONGEST_VALUE = 100
LARGEST_SORT_ORDER = 2**31 - 1

_NAME = re.compile(rf"[A-Za-z0-9\-_.!~*'()]{{1,{LONGEST_NAME}}}")

LegalValues = Mapping[str, frozenset[str]]
"""By context field: the values that constraints on it may have. Fields that allow everything are left out."""


class ContextField(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str | None
    legal_values: list[LegalValue]
    """None: every value is legal."""
    stickiness: bool
    """Whether rollouts may hash it."""
    sort_order: int
    project: str | None
    """None: every project may use it."""
    created_at: clock.Millis

    def payload(self) -> ContextFieldData:
        """How events show it."""
        return ContextFieldData(
            name=self.name,
            description=self.description,
            legal_values=self.legal_values,
            stickiness=self.stickiness,
            sort_order=self.sort_order,
            project=self.project,
        )

    def state(self) -> "ContextFieldState":
        return ContextFieldState(field=self.payload(), created_at=self.created_at)

    def with_value(self, value: LegalValue) -> "ContextField":
        """With this value, in the place of the one that is spelled the same, or as the last."""
        values = [value if each.value == value.value else each for each in self.legal_values]
        if value not in values:
            values.append(value)
        return msgspec.structs.replace(self, legal_values=values)

    def no_longer_legal(self, new: "ContextField") -> set[str]:
        """Values that `new` refuses. Without any legal values it refuses none."""
        if not new.legal_values:
            return set()
        return {each.value for each in self.legal_values} - {each.value for each in new.legal_values}

    def without_value(self, value: str) -> "ContextField":
        return msgspec.structs.replace(self, legal_values=[each for each in self.legal_values if each.value != value])


class ContextFieldDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new field as a client asks for it."""

    name: str
    description: str | None = None
    stickiness: bool = False
    sort_order: int = 0
    legal_values: AtOnce[LegalValue] = []
    project: str | None = None

    def field(self, now: clock.Millis) -> ContextField:
        return ContextField(
            name=self.name,
            description=self.description,
            legal_values=self.legal_values,
            stickiness=self.stickiness,
            sort_order=self.sort_order,
            project=self.project or None,
            created_at=now,
        )


class ContextFieldChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client wants of a field to change; what is left out stays."""

    description: str | UnsetType | None = UNSET
    stickiness: bool | UnsetType = UNSET
    sort_order: int | UnsetType = UNSET
    legal_values: AtOnce[LegalValue] | UnsetType = UNSET
    project: str | UnsetType | None = UNSET

    def applied_to(self, field: ContextField) -> ContextField:
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}
        return msgspec.structs.replace(field, **given)


class ContextFieldState(Snapshot, frozen=True, kw_only=True):
    """A version of a context field."""

    kind: ClassVar = "context-field"
    field: ContextFieldData
    created_at: clock.Millis

    def restored(self) -> ContextField:
        """The field as it was."""
        return ContextField(**msgspec.structs.asdict(self.field), created_at=self.created_at)

    def change(self) -> ContextFieldChange:
        """What makes any other field of this name equal to it, but for when it was made."""
        shown = msgspec.structs.asdict(self.field)
        return ContextFieldChange(**{name: shown[name] for name in ContextFieldChange.__struct_fields__})


BUILT_IN = (
    ("environment", "The environment in which the application runs", False),
    ("userId", "Who uses the application", True),
    ("appName", "The name of the application", False),
    ("currentTime", "The moment at which a flag is evaluated", False),
    ("sessionId", "The session of whoever uses the application", True),
)
"""Name, description and stickiness of the fields that every SDK knows, in their order."""
BUILT_IN_NAMES = frozenset(name for name, _, _ in BUILT_IN)


def built_in(now: clock.Millis) -> list[ContextField]:
    """What a new server starts with."""
    return [
        ContextFieldDraft(name=name, description=text, stickiness=sticky, sort_order=place).field(now)
        for place, (name, text, sticky) in enumerate(BUILT_IN)
    ]


def check_name(name: str) -> None:
    """Raises `BadData` unless the name can stand in a URL as it is."""
    if not _NAME.fullmatch(name) or name in (".", ".."):
        message = (
            f"The name of a context field has 1 to {LONGEST_NAME} of the characters A-Z a-z 0-9 - _ . ! ~ * ' ( )."
        )
        raise BadData(message, Detail(message, "/body/name"))


def check(field: ContextField) -> None:
    """Raises `BadData` when a field breaks a rule."""
    check_name(field.name)
    description = field.description or ""
    if len(description) > LONGEST_DESCRIPTION:
        message = f"A description has at most {LONGEST_DESCRIPTION} characters."
        raise BadData(message, Detail(message, "/body/description"))
    if not 0 <= field.sort_order <= LARGEST_SORT_ORDER:
        message = f"A sort order is a number from 0 to {LARGEST_SORT_ORDER}."
        raise BadData(message, Detail(message, "/body/sortOrder"))
    if len(field.legal_values) > MOST_AT_ONCE:
        message = f"A context field has at most {MOST_AT_ONCE} legal values."
        raise BadData(message, Detail(message, "/body/legalValues"))
    seen: set[str] = set()
    for place, value in enumerate(field.legal_values):
        check_value(value, f"/body/legalValues/{place}")
        if value.value in seen:
            message = f"The legal value {value.value!r} is there twice."
            raise BadData(message, Detail(message, f"/body/legalValues/{place}/value"))
        seen.add(value.value)


def check_value(value: LegalValue, path: str) -> None:
    """Raises `BadData` for a value that no constraint could have, or whose description is too long."""
    check_line(value.value, f"{path}/value")
    if not 1 <= len(value.value) <= LONGEST_VALUE or value.value.endswith("\\"):
        message = f"A legal value has 1 to {LONGEST_VALUE} characters, and no backslash at the end."
        raise BadData(message, Detail(message, f"{path}/value"))
    if value.description is not UNSET and len(value.description or "") > LONGEST_DESCRIPTION:
        message = f"A description has at most {LONGEST_DESCRIPTION} characters."
        raise BadData(message, Detail(message, f"{path}/description"))


def check_legal(
    constraints: Sequence[Constraint], legal: LegalValues, path: str, before: Sequence[Constraint] = ()
) -> None:
    """Checks what constraints compare with against the legal values of their fields. `path` is the JSON pointer to the
    list; those that stood there `before` may stay.

    Raises:
        BadData: names each value that is not legal.
    """
    wrong = []
    for place, constraint in enumerate(constraints):
        allowed = legal.get(constraint.context_name)
        if allowed is None or constraint in before:
            continue
        for value in operands(constraint):
            if value not in allowed:
                message = f"{value!r} is not among the legal values of the context field {constraint.context_name!r}."
                wrong.append(Detail(message, f"{path}/{place}"))
    if wrong:
        raise BadData(wrong[0].message, *wrong)


def operands(constraint: Constraint) -> Sequence[str]:
    """What a constraint compares with."""
    if constraint.operator in LISTS:
        return constraint.values
    return [] if constraint.value is UNSET else [constraint.value]
