"""Variants: what is handed out besides on and off, and how their weights share 1000 thousandths."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET

from flagkeeper.evaluation.constraint import is_safe_word
from flagkeeper.evaluation.document import VariantOverride
from flagkeeper.eventlog.catalogue.payload import VariantData, VariantPayload, by_name
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.nesting import is_too_deep
from flagkeeper.kernel.text import is_one_line

WHOLE = 1000
"""All weights together, in thousandths."""
LONGEST_NAME = 100

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class PayloadDraft(msgspec.Struct, frozen=True, kw_only=True):
    type: Literal["string", "json", "csv", "number"]
    value: str


class VariantDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A variant as a client sends it."""

    name: str
    weight: Annotated[int, msgspec.Meta(ge=0, le=WHOLE)]
    weight_type: Literal["variable", "fix"] = "variable"
    stickiness: str = "default"
    payload: PayloadDraft | None = None
    overrides: list[VariantOverride] = []


def checked_variants(drafts: Sequence[VariantDraft], path: str, *, overrides: bool = False) -> list[VariantData]:
    """The variants by name, with their final weights, or all that is wrong; `path` is the JSON pointer to them. The
    order in which they come makes no difference.

    Raises:
        BadData: names are missing or repeated, payloads do not fit their type, or the weights cannot be shared out.
    """
    wrong = [Detail(text, f"{path}/{i}") for i, draft in enumerate(drafts) for text in _problems(draft)]
    first: dict[str, int] = {}
    wrong += [
        Detail(f"There are two variants called {draft.name!r}.", f"{path}/{i}")
        for i, draft in enumerate(drafts)
        if first.setdefault(draft.name, i) != i
    ]
    if wrong:
        raise BadData(wrong[0].message, *wrong)
    ordered = by_name(drafts)
    weights = share_out([(draft.weight, draft.weight_type) for draft in ordered], path)
    return [_final(draft, weight, overrides) for draft, weight in zip(ordered, weights, strict=True)]


def drafts_of(variants: Sequence[VariantData]) -> list[VariantDraft]:
    """Variants whose types nobody has checked yet, as somebody's wish.

    Raises:
        BadData: a weight, a weight type or a type of payload is none.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(variants), list[VariantDraft])
    except msgspec.ValidationError as error:
        raise BadData(f"The variants are not valid: {error}", Detail(str(error), "/body/variants")) from error


def share_out(wanted: Sequence[tuple[int, str]], path: str = "/body/variants") -> list[int]:
    """Final weights for pairs of weight and weight type: `fix` ones keep theirs, `variable` ones share the rest evenly,
    and what does not divide goes to the first of them.

    Raises:
        BadData: the fixed weights leave nothing to share, or do not make up the whole.
    """
    fixed = sum(weight for weight, kind in wanted if kind == "fix")
    sharing = sum(kind != "fix" for _, kind in wanted)
    rest = WHOLE - fixed
    if wanted and (rest < 0 or (rest == 0) != (sharing == 0)):
        message = (
            f"The fixed weights add up to {fixed} of {WHOLE}. They may not exceed it, must leave something for "
            "variable variants, and must fill it when there are none."
        )
        raise BadData(message, Detail(message, path))
    each, left_over = divmod(rest, sharing or 1)
    weights = []
    for weight, kind in wanted:
        if kind == "fix":
            weights.append(weight)
        else:
            weights.append(each + (left_over > 0))
            left_over -= 1
    return weights


def _problems(draft: VariantDraft) -> list[str]:
    found = []
    if not draft.name.strip() or len(draft.name) > LONGEST_NAME:
        found.append(f"A variant needs a name of 1 to {LONGEST_NAME} characters.")
    if not is_one_line(draft.name):
        found.append("The name of a variant has no control characters, and no signs that change the direction of text.")
    if not draft.stickiness or not is_safe_word(draft.stickiness):
        found.append(f"The stickiness of variant {draft.name!r} must be the name of a context field.")
    if draft.payload and draft.payload.type == "json" and not _is_json(draft.payload.value):
        found.append(f"The payload of variant {draft.name!r} is not the JSON that its type promises.")
    if draft.payload and draft.payload.type == "number" and not _NUMBER.fullmatch(draft.payload.value.strip()):
        found.append(f"The payload of variant {draft.name!r} is not the number that its type promises.")
    return found


def _is_json(text: str) -> bool:
    if is_too_deep(text.encode()):
        return False
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _final(draft: VariantDraft, weight: int, overrides: bool) -> VariantData:
    return VariantData(
        name=draft.name,
        weight=weight,
        weight_type=draft.weight_type,
        stickiness=draft.stickiness,
        payload=VariantPayload(type=draft.payload.type, value=draft.payload.value) if draft.payload else UNSET,
        overrides=draft.overrides if overrides and draft.overrides else UNSET,
    )
