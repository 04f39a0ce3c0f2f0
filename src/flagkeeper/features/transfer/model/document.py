"""The state of a server as one document: Unleash's format, version 4, with what it does not know beside it.

A section that is left out is not touched by an import. Keys of a thing that nobody here knows are passed over, because
servers of different age export different ones; a section that nobody knows is refused, because all of it would be lost.
"""

from collections.abc import Iterator
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.context import LegalValue
from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.flags.model.strategy import ParameterValue
from flagkeeper.features.projects.model import DEFAULT_PROJECT, Mode
from flagkeeper.features.transfer.model.variants import VariantItem
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.nesting import DEEPEST, is_too_deep
from flagkeeper.kernel.rests import Rest

VERSION = 4
MOST_ERRORS = 1_000
"""That are told at once."""

ItemT = TypeVar("ItemT")


class Item(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing of a section."""


class EnvironmentItem(Item, frozen=True, kw_only=True):
    name: str
    type: str
    sort_order: int = 9_999
    enabled: bool = True
    protected: bool | UnsetType = UNSET
    required_approvals: int | UnsetType | None = UNSET
    """Left out, an environment keeps its own."""


class ProjectItem(Item, frozen=True, kw_only=True):
    """What is left out besides the description, a project keeps: who may see it is nothing to lose by an old file."""

    id: str
    name: str
    description: str | None = None
    mode: Mode | UnsetType = UNSET
    default_stickiness: str | UnsetType = UNSET
    feature_limit: int | UnsetType | None = UNSET
    feature_naming: FeatureNaming | UnsetType | None = UNSET
    link_templates: list[LinkTemplate] | UnsetType = UNSET
    created_at: str | None = None


class ProjectEnvironmentItem(Item, frozen=True, kw_only=True):
    project_id: str
    environment: str
    default_strategy: DefaultStrategyData | None = None


class ParameterItem(Item, frozen=True, kw_only=True):
    name: str
    type: str
    description: str = ""
    required: bool = False


class StrategyItem(Item, frozen=True, kw_only=True):
    name: str
    title: str | None = None
    description: str | None = None
    parameters: list[ParameterItem] = []
    deprecated: bool = False


class TagTypeItem(Item, frozen=True, kw_only=True):
    name: str
    description: str | None = None
    icon: str | None = None
    color: str | None = None


class TagItem(Item, frozen=True, kw_only=True):
    type: str
    value: str


class SegmentItem(Item, frozen=True, kw_only=True):
    id: int
    """By which strategies name it in this document; the server may give it another one."""
    name: str
    description: str | None = None
    constraints: list[Constraint] = []
    project: str | None = None
    created_at: str | None = None


class FeatureItem(Item, frozen=True, kw_only=True):
    name: str
    project: str = DEFAULT_PROJECT
    type: str = "release"
    description: str | None = None
    stale: bool = False
    impression_data: bool = False
    variants: list[VariantItem] = []
    """In all environments that do not say otherwise."""
    created_at: str | None = None
    archived: bool = False
    archived_at: str | None = None


class FeatureEnvironmentItem(Item, frozen=True, kw_only=True):
    feature_name: str
    environment: str
    enabled: bool = False
    variants: list[VariantItem] | UnsetType = UNSET


class FeatureStrategyItem(Item, frozen=True, kw_only=True):
    id: str | None = None
    feature_name: str
    environment: str
    strategy_name: str
    title: str | None = None
    disabled: bool | None = False
    parameters: dict[str, ParameterValue] = {}
    constraints: list[Constraint] = []
    variants: list[VariantItem] = []
    sort_order: int | None = None
    """None: in the order of the document."""


class FeatureStrategySegmentItem(Item, frozen=True, kw_only=True):
    feature_strategy_id: str
    segment_id: int


class FeatureTagItem(Item, frozen=True, kw_only=True):
    feature_name: str
    tag_type: str
    tag_value: str


class ContextFieldItem(Item, frozen=True, kw_only=True):
    name: str
    description: str | None = None
    stickiness: bool = False
    sort_order: int = 0
    legal_values: list[LegalValue] = []
    project: str | None = None
    created_at: str | None = None


class FeatureDependencyItem(Item, frozen=True, kw_only=True):
    feature_name: str
    parent: str
    enabled: bool = True
    variants: list[str] = []


class FeatureLinkItem(Item, frozen=True, kw_only=True):
    """Links of a flag stand in their order."""

    feature_name: str
    url: str
    title: str | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """All of it. UNSET: the section is left out."""

    version: int
    environments: list[EnvironmentItem] | UnsetType = UNSET
    projects: list[ProjectItem] | UnsetType = UNSET
    project_environments: list[ProjectEnvironmentItem] | UnsetType = UNSET
    strategies: list[StrategyItem] | UnsetType = UNSET
    tag_types: list[TagTypeItem] | UnsetType = UNSET
    tags: list[TagItem] | UnsetType = UNSET
    context_fields: list[ContextFieldItem] | UnsetType = UNSET
    segments: list[SegmentItem] | UnsetType = UNSET
    features: list[FeatureItem] | UnsetType = UNSET
    feature_environments: list[FeatureEnvironmentItem] | UnsetType = UNSET
    feature_strategies: list[FeatureStrategyItem] | UnsetType = UNSET
    feature_strategy_segments: list[FeatureStrategySegmentItem] | UnsetType = UNSET
    feature_tags: list[FeatureTagItem] | UnsetType = UNSET
    feature_dependencies: list[FeatureDependencyItem] | UnsetType = UNSET
    feature_links: list[FeatureLinkItem] | UnsetType = UNSET


def items(section: list[ItemT] | UnsetType) -> list[ItemT]:
    """What a section has; nothing, if it is left out."""
    return [] if section is UNSET else section


def _section_types() -> dict[str, tuple[str, type[Item]]]:
    """By the section's name in the document: the field, and the type of its items."""
    hints = get_type_hints(Document)
    fields = zip(Document.__struct_fields__, Document.__struct_encode_fields__, strict=True)
    return {wire: (name, get_args(get_args(hints[name])[0])[0]) for name, wire in fields if name != "version"}


SECTIONS = _section_types()


def read_document(text: bytes, rest: Rest) -> Document:
    """A document out of JSON. It may be large: `rest` is called for each thing that it has.

    Raises:
        BadData: it is none. The details name everything that has a wrong form, with its place.
    """
    if is_too_deep(text):
        raise BadData(f"It nests deeper than {DEEPEST} levels.", Detail("It nests too deep.", "/body"))
    if b"\\u0000" in text:
        raise BadData("A NUL character is not allowed anywhere.", Detail("Remove \\u0000.", "/body"))
    try:
        parts = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        version = msgspec.json.decode(parts.pop("version", msgspec.Raw(b"null")))
    except msgspec.MsgspecError as error:
        raise BadData(f"This is no document of a state: {error}", _detail(error, "/body")) from error
    if version != VERSION:
        message = f"The version must be {VERSION}, not {version!r}. Export it with Unleash 4.3 or later, or with us."
        raise BadData(message, Detail(message, "/body/version"))
    wrong: list[Detail] = []
    found: dict[str, list[Any]] = {}
    for name, part in parts.items():
        if name not in SECTIONS:
            wrong.append(Detail(f"Nobody here knows a section {name!r}: leave it out.", f"/body/{name}"))
        elif bytes(part).strip() != b"null":
            field, kind = SECTIONS[name]
            found[field] = list(_items(part, kind, f"/body/{name}", wrong, rest))
    demand_none(wrong)
    return Document(version=VERSION, **found)


def demand_none(wrong: list[Detail]) -> None:
    """Raises `BadData` if anything is wrong."""
    if wrong:
        raise BadData(f"Nothing was imported: {len(wrong)} things are wrong, see `details`.", *wrong[:MOST_ERRORS])


def _items(part: msgspec.Raw, kind: type[Item], place: str, wrong: list[Detail], rest: Rest) -> Iterator[Item]:
    try:
        raw = msgspec.json.decode(part, type=list[msgspec.Raw])
    except msgspec.MsgspecError as error:
        wrong.append(_detail(error, place))
        return
    decoder = msgspec.json.Decoder(kind)
    for number, each in enumerate(raw):
        rest()
        try:
            yield decoder.decode(each)
        except msgspec.MsgspecError as error:
            wrong.append(_detail(error, f"{place}/{number}"))


def _detail(error: msgspec.MsgspecError, place: str) -> Detail:
    """What msgspec says is wrong, and where below `place`: `Expected ... - at `$.parameters[...]`."""
    message, _, path = str(error).partition(" - at `$")
    below = path.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/").replace("/...", "")
    return Detail(message.replace("`", ""), place + below)
