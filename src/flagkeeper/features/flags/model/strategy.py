"""Strategies of a flag in an environment: what a client may ask for, and what is kept."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import Constraint, check_constraints
from flagkeeper.evaluation.strategy import GRADUAL, parameter_problem
from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.flags.model.variant import VariantDraft, checked_variants, drafts_of
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import AtOnce, Limits
from flagkeeper.kernel.text import check_line

LARGEST_SORT_ORDER = 2**31 - 1
LONGEST_TITLE = 250

ParameterValue = str | int | float | bool
"""Existing clients also send numbers; they are kept as text, the only thing that SDKs read."""


class StrategyDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new strategy as a client asks for it."""

    name: str
    title: str | None = None
    disabled: bool | None = False
    sort_order: int | None = None
    """None: last."""
    constraints: list[Constraint] = []
    variants: AtOnce[VariantDraft] = []
    parameters: dict[str, ParameterValue] = {}
    segments: list[int] = []


class StrategyChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client wants of a strategy to change; what is left out stays."""

    name: str | UnsetType = UNSET
    """Only for old clients: it must be what it is."""
    title: str | UnsetType | None = UNSET
    disabled: bool | UnsetType | None = UNSET
    sort_order: int | UnsetType = UNSET
    constraints: list[Constraint] | UnsetType = UNSET
    variants: AtOnce[VariantDraft] | UnsetType = UNSET
    parameters: dict[str, ParameterValue] | UnsetType = UNSET
    segments: list[int] | UnsetType = UNSET


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Where a strategy is to be used: what it gets where it says nothing, and what it is checked against."""

    feature_name: str
    stickiness: str
    """The project's."""
    percentages: Collection[str]
    """Parameters that are percentages by the strategy's definition."""
    limits: Limits


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
    _check(strategy, setting.limits)
    return strategy


def changed_strategy(old: StrategyData, change: StrategyChange, setting: Setting) -> StrategyData:
    """The strategy after a change. Constraints that stay as they are need not keep rules that are newer than they are.

    Raises:
        BadData: the result breaks a rule.
    """
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
    _check(strategy, setting.limits, old.constraints)
    return strategy


def draft_of(strategy: StrategyData) -> StrategyDraft:
    """What a client would have to ask for, to get it.

    Raises:
        BadData: it has variants that nobody can ask for any more.
    """
    return StrategyDraft(
        name=strategy.name,
        title=strategy.title,
        disabled=strategy.disabled,
        sort_order=strategy.sort_order,
        constraints=strategy.constraints,
        variants=drafts_of(strategy.variants),
        parameters=dict(strategy.parameters),
        segments=strategy.segments,
    )


def change_to(strategy: StrategyData) -> StrategyChange:
    """What makes any other strategy of this definition equal to it. Raises `BadData` as `draft_of`."""
    return StrategyChange(**msgspec.structs.asdict(draft_of(strategy)))


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
    _check(from_default(checked, "", 0), Limits())
    return checked


def check_constraint(constraint: Constraint) -> None:
    """Checks a constraint that is still being written, of a strategy or a segment.

    Raises:
        BadData: it is wrong.
    """
    check_constraints([constraint], "/body", most=1, most_values=Limits().segment_values)


def check_sort_order(number: int) -> None:
    """Raises `BadData` unless the number can be stored."""
    if not 0 <= number <= LARGEST_SORT_ORDER:
        message = f"A sort order is a number from 0 to {LARGEST_SORT_ORDER}, not {number}."
        raise BadData(message, Detail(message, "/body/sortOrder"))


def kept_parameters(name: str, given: Mapping[str, ParameterValue], setting: Setting) -> dict[str, str]:
    """Parameters as text, with a gradual rollout's blanks filled in. A rollout that was left out is for everybody, as
    Unleash has it; one that is blank is not, for nobody said so.

    Raises:
        BadData: a percentage is none, or a word would break the rules that SDKs make of it.
    """
    texts = _texts(given)
    if name == GRADUAL:
        blanks = {"stickiness": setting.stickiness, "groupId": setting.feature_name}
        texts = {"rollout": "100"} | texts | {key: text for key, text in blanks.items() if not texts.get(key)}
    _check_parameters(name, texts, setting.percentages)
    return texts


def _texts(given: Mapping[str, ParameterValue]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else _json(value) for name, value in given.items()}


def _json(value: ParameterValue) -> str:
    return msgspec.json.encode(value).decode()


def _check_parameters(name: str, texts: Mapping[str, str], percentages: Collection[str]) -> None:
    wrong = []
    for key, text in texts.items():
        check_line(key, "/body/parameters")
        if problem := parameter_problem(name, key, text, percentages):
            wrong.append(Detail(problem, f"/body/parameters/{key}"))
    if wrong:
        raise BadData(wrong[0].message, *wrong)


def _check(strategy: StrategyData, limits: Limits, before: Sequence[Constraint] = ()) -> None:
    """Raises `BadData` for what is wrong with a strategy besides parameters and variants. `before`: the constraints
    that it has already."""
    if strategy.constraints != before:
        most, most_values = limits.constraints, limits.constraint_values
        check_constraints(strategy.constraints, "/body/constraints", most=most, most_values=most_values)
    check_sort_order(strategy.sort_order)
    wrong = []
    check_line(strategy.title or "", "/body/title")
    if strategy.title is not None and len(strategy.title) > LONGEST_TITLE:
        wrong.append(Detail(f"A title has at most {LONGEST_TITLE} characters.", "/body/title"))
    if len(strategy.segments) > limits.strategy_segments:
        wrong.append(Detail(f"A strategy uses at most {limits.strategy_segments} segments.", "/body/segments"))
    if wrong:
        raise BadData(wrong[0].message, *wrong)
