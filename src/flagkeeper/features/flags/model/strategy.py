"""Strategies of a flag in an environment: what a client may ask for, and what is kept.

Facts: platform-model.md, sections 3 and 15; evaluation.md, section 2 (what turns a flag off in SDKs).
"""

import re
from collections.abc import Collection, Mapping

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.payload import ConstraintData, StrategyData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.context.model import check_constraints
from flagkeeper.features.flags.model.variant import VariantDraft, checked_variants, drafts_of, is_safe_word
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import Limits

GRADUAL = "flexibleRollout"
LARGEST_SORT_ORDER = 2**31 - 1
LONGEST_TITLE = 250

_OF_SDKS = frozenset(
    {
        GRADUAL,
        "remoteAddress",
        "applicationHostname",
        "userWithId",
        "gradualRolloutUserId",
        "gradualRolloutSessionId",
        "gradualRolloutRandom",
    }
)
"""Strategies that SDKs turn into rules of their own, word by word."""
_PERCENTAGES = frozenset({"rollout", "percentage"})
_PERCENT = re.compile(r"0|[1-9]\d?|100")

ParameterValue = str | int | float | bool
"""Existing clients also send numbers; they are kept as text, the only thing that SDKs read."""


class StrategyDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new strategy as a client asks for it."""

    name: str
    title: str | None = None
    disabled: bool | None = False
    sort_order: int | None = None
    """None: last."""
    constraints: list[ConstraintData] = []
    variants: list[VariantDraft] = []
    parameters: dict[str, ParameterValue] = {}
    segments: list[int] = []


class StrategyChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client wants of a strategy to change; what is left out stays."""

    name: str | UnsetType = UNSET
    """Only for old clients: it must be what it is."""
    title: str | UnsetType | None = UNSET
    disabled: bool | UnsetType | None = UNSET
    sort_order: int | UnsetType = UNSET
    constraints: list[ConstraintData] | UnsetType = UNSET
    variants: list[VariantDraft] | UnsetType = UNSET
    parameters: dict[str, ParameterValue] | UnsetType = UNSET
    segments: list[int] | UnsetType = UNSET


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Where a strategy is to be used: what it gets where it says nothing, and what it is checked against."""

    feature_name: str
    stickiness: str
    """The project's."""
    percentages: Collection[str]
    """Parameters that are percentages by the strategy's definition."""
    most_segments: int


def new_strategy(draft: StrategyDraft, strategy_id: str, last: int, setting: Setting) -> StrategyData:
    """The strategy to keep; `last` is the sort order of one that does not ask for a place.

    Raises:
        BadData: the draft breaks a rule.
    """
    strategy = StrategyData(
        id=strategy_id,
        name=draft.name,
        title=draft.title or None,
        disabled=bool(draft.disabled),
        constraints=draft.constraints,
        parameters=kept_parameters(draft.name, draft.parameters, setting),
        variants=checked_variants(draft.variants, "/body/variants"),
        sort_order=last if draft.sort_order is None else draft.sort_order,
        segments=sorted(set(draft.segments)),
    )
    _check(strategy, setting.most_segments)
    return strategy


def changed_strategy(old: StrategyData, change: StrategyChange, setting: Setting) -> StrategyData:
    """Raises `BadData` when the result breaks a rule."""
    if change.name is not UNSET and change.name != old.name:
        message = f"This strategy is a {old.name!r} and stays one. Remove it and add another."
        raise BadData(message, Detail(message, "/body/name"))
    parameters = old.parameters if change.parameters is UNSET else change.parameters
    strategy = StrategyData(
        id=old.id,
        name=old.name,
        title=old.title if change.title is UNSET else change.title or None,
        disabled=old.disabled if change.disabled is UNSET else bool(change.disabled),
        constraints=old.constraints if change.constraints is UNSET else change.constraints,
        parameters=kept_parameters(old.name, parameters, setting),
        variants=old.variants if change.variants is UNSET else checked_variants(change.variants, "/body/variants"),
        sort_order=old.sort_order if change.sort_order is UNSET else change.sort_order,
        segments=old.segments if change.segments is UNSET else sorted(set(change.segments)),
    )
    _check(strategy, setting.most_segments)
    return strategy


def from_default(default: DefaultStrategyData, strategy_id: str, sort_order: int) -> StrategyData:
    """The project's default strategy, filled in for one flag, as a strategy of that flag."""
    return StrategyData(
        id=strategy_id,
        name=default.name,
        title=default.title,
        disabled=False,
        constraints=default.constraints,
        parameters=default.parameters,
        variants=default.variants,
        sort_order=sort_order,
        segments=sorted(set(default.segments)),
    )


def checked_default(default: DefaultStrategyData, percentages: Collection[str]) -> DefaultStrategyData:
    """A default strategy, checked as one of a flag is; what it leaves open stays open.

    Raises:
        BadData: it breaks a rule.
    """
    drafts = drafts_of(default.variants)
    parameters = _texts(default.parameters)
    _check_parameters(default.name, {name: text for name, text in parameters.items() if text}, percentages)
    checked = msgspec.structs.replace(
        default,
        parameters=parameters,
        variants=checked_variants(drafts, "/body/variants"),
        segments=sorted(set(default.segments)),
    )
    _check(from_default(checked, "", 0), Limits().strategy_segments)
    return checked


def check_constraint(constraint: ConstraintData) -> None:
    """Checks a constraint that is still being written; an empty list of values says that it is not finished.

    Raises:
        BadData: it is wrong, or compares with nothing.
    """
    check_constraints([constraint], "/body")
    if constraint.value is UNSET and not constraint.values:
        message = f"{constraint.operator} needs at least one value in `values`."
        raise BadData(message, Detail(message, "/body/values"))


def check_sort_order(number: int) -> None:
    """Raises `BadData` unless the number can be stored."""
    if not 0 <= number <= LARGEST_SORT_ORDER:
        message = f"A sort order is a number from 0 to {LARGEST_SORT_ORDER}, not {number}."
        raise BadData(message, Detail(message, "/body/sortOrder"))


def kept_parameters(name: str, given: Mapping[str, ParameterValue], setting: Setting) -> dict[str, str]:
    """Parameters as text, with a gradual rollout's blanks filled in.

    Raises:
        BadData: a percentage is none, or a word would break the rules that SDKs make of it.
    """
    texts = _texts(given)
    if name == GRADUAL:
        blanks = {"rollout": "100", "stickiness": setting.stickiness, "groupId": setting.feature_name}
        texts |= {key: text for key, text in blanks.items() if not texts.get(key)}
    _check_parameters(name, texts, setting.percentages)
    return texts


def _texts(given: Mapping[str, ParameterValue]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else _json(value) for name, value in given.items()}


def _json(value: ParameterValue) -> str:
    return msgspec.json.encode(value).decode()


def _check_parameters(name: str, texts: Mapping[str, str], percentages: Collection[str]) -> None:
    of_sdks = name in _OF_SDKS
    wrong = []
    for key, text in texts.items():
        path = f"/body/parameters/{key}"
        if (key in percentages or (of_sdks and key in _PERCENTAGES)) and not _PERCENT.fullmatch(text):
            wrong.append(Detail(f"{key} is a whole number from 0 to 100, not {text[:20]!r}.", path))
        elif of_sdks and not all(is_safe_word(part.strip()) for part in text.split(",")):
            wrong.append(Detail(f"{key} may not hold quotes, nor words that end with a backslash.", path))
    if wrong:
        raise BadData(wrong[0].message, *wrong)


def _check(strategy: StrategyData, most_segments: int) -> None:
    """Raises `BadData` for what is wrong with a strategy besides parameters and variants."""
    check_constraints(strategy.constraints, "/body/constraints")
    check_sort_order(strategy.sort_order)
    wrong = []
    if strategy.title is not None and len(strategy.title) > LONGEST_TITLE:
        wrong.append(Detail(f"A title has at most {LONGEST_TITLE} characters.", "/body/title"))
    if len(strategy.segments) > most_segments:
        wrong.append(Detail(f"A strategy uses at most {most_segments} segments.", "/body/segments"))
    if wrong:
        raise BadData(wrong[0].message, *wrong)
