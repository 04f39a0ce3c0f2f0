"""Payloads that several event types share: the wire shapes of `data` and `preData`."""

from collections.abc import Iterable
from typing import Annotated, Protocol, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.document import VariantOverride


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of payloads. Times are ISO 8601 text, as they stand in the log. No payload has a field for a secret."""


class Named(Protocol):
    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=Named)


def one_of(*values: str) -> msgspec.Meta:
    """Documents which values there are. Reading refuses no other: what is stored was checked before."""
    return msgspec.Meta(extra_json_schema={"enum": list(values)})


class NoData(Payload, frozen=True, kw_only=True):
    """The empty object, where the documents show `{}` and not null."""


class NameData(Payload, frozen=True, kw_only=True):
    """What is left of a thing known by its name."""

    name: str


class VariantPayload(Payload, frozen=True, kw_only=True):
    type: Annotated[str, one_of("string", "json", "csv", "number")]
    value: str


class VariantData(Payload, frozen=True, kw_only=True):
    """A variant of a strategy or, in older flags, of a flag in an environment."""

    name: str
    weight: int
    """Thousandths."""
    weight_type: Annotated[str, one_of("variable", "fix")]
    stickiness: str
    payload: VariantPayload | UnsetType = UNSET
    overrides: list[VariantOverride] | UnsetType = UNSET
    """Only variants of flags have them."""


def by_name(variants: Iterable[NamedT]) -> list[NamedT]:
    """Variants in the one order in which they are stored and sent: SDKs walk the list to pick one, so another order of
    the same variants would move users."""
    return sorted(variants, key=lambda variant: variant.name)


class VariantsData(Payload, frozen=True, kw_only=True):
    variants: list[VariantData]


class FlagData(Payload, frozen=True, kw_only=True):
    """A flag's metadata: the union of the keys that the seeds show."""

    name: str
    description: str | None
    type: str
    project: str
    stale: bool
    created_at: str
    last_seen_at: str | None
    impression_data: bool
    archived: bool
    archived_at: str | None
    variants: list[VariantData]


class StrategyData(Payload, frozen=True, kw_only=True):
    """A strategy of a flag in an environment."""

    id: str
    name: str
    """Of its definition: `flexibleRollout`."""
    title: str | None
    disabled: bool
    constraints: list[Constraint]
    parameters: dict[str, str]
    variants: list[VariantData]
    sort_order: int
    segments: list[int]


class TagData(Payload, frozen=True, kw_only=True):
    type: str
    value: str


class SegmentData(Payload, frozen=True, kw_only=True):
    id: int
    name: str
    description: str | None
    constraints: list[Constraint]
    created_by: str | None
    created_at: str
    project: str | None = None


class TokenData(Payload, frozen=True, kw_only=True):
    """An API token without its secret."""

    id: int
    """Ours, so that tokens of the same name stay apart."""
    token_name: str
    username: str
    """The name again, for consumers older than `tokenName`."""
    type: str
    """`client`, `frontend`, `backend` or `admin`."""
    environment: str
    project: str
    """Its projects joined by commas, or `*`."""
    projects: list[str]
    created_at: str
    expires_at: str | None
    seen_at: str | None
    alias: str | None
    secure: bool
    """Whether the server keeps only a hash of it."""


class UserData(Payload, frozen=True, kw_only=True):
    id: int
    name: str | None
    email: str | None
    username: str | None
    root_role: int | None


class EnvironmentData(Payload, frozen=True, kw_only=True):
    name: str
    type: str
    sort_order: int
    enabled: bool
    protected: bool
    required_approvals: int | None = None


class PermissionData(Payload, frozen=True, kw_only=True):
    name: str
    environment: str | UnsetType = UNSET
    """Left out for permissions that no environment limits."""


class RoleData(Payload, frozen=True, kw_only=True):
    id: int
    name: str
    description: str
    type: str
    """`custom` (of projects) or `root-custom`."""
    permissions: list[PermissionData]


class LinkTemplate(Payload, frozen=True, kw_only=True):
    title: str | None
    url_template: str


class FeatureNaming(Payload, frozen=True, kw_only=True):
    pattern: str | None
    example: str | None
    description: str | None


class ProjectData(Payload, frozen=True, kw_only=True):
    id: str
    name: str
    description: str | None
    mode: str
    """`open`, `protected` or `private`."""
    default_stickiness: str
    feature_limit: int | None
    feature_naming: FeatureNaming | None
    link_templates: list[LinkTemplate]
    health: int
    created_at: str
    updated_at: str
    archived_at: str | None


class ImpactMetricData(Payload, frozen=True, kw_only=True):
    """A question to the impact metrics, as charts and safeguards ask it."""

    id: str
    metric_name: str
    time_range: str
    """`hour`, `day`, `week` or `month`."""
    aggregation_mode: str
    """`rps`, `count`, `avg`, `sum`, `p50`, `p95` or `p99`."""
    label_selectors: dict[str, list[str]]
