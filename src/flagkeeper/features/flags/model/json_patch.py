"""JSON Patch (RFC 6902) on decoded JSON.

One leniency, which existing clients rely on: to replace or remove a member that an object does not have is no error
(facts: platform-model.md, section 2).
"""

import copy
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.kernel.errors import BadData, Detail

PatchedT = TypeVar("PatchedT")


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    op: Literal["add", "remove", "replace", "copy", "move", "test"]
    path: str
    from_: str | UnsetType = msgspec.field(default=UNSET, name="from")
    value: Any = UNSET


def patched(document: Any, patches: Sequence[Patch], kind: type[PatchedT]) -> PatchedT:
    """What becomes of `document` (any value that JSON can show), read as a `kind`.

    Raises:
        BadData: a patch does not fit, or what comes out is no `kind`.
    """
    result = apply(msgspec.to_builtins(document), patches)
    try:
        return msgspec.convert(result, kind)
    except msgspec.ValidationError as error:
        text, _, place = str(error).replace("`", "").partition(" - at $")
        path = place.replace(".", "/").replace("[", "/").replace("]", "")
        message = f"The patch does not lead to something valid: {text}"
        raise BadData(message, Detail(text, path or None)) from error


def apply(document: Any, patches: Sequence[Patch]) -> Any:
    """What becomes of `document`, which itself is left alone.

    Raises:
        BadData: a patch does not fit the document, or a test fails; the detail says which.
    """
    box = [copy.deepcopy(document)]
    for number, patch in enumerate(patches):
        try:
            _apply(box, patch)
        except _Misfit as misfit:
            raise BadData(f"The patch cannot be applied: {misfit}", Detail(str(misfit), f"/body/{number}")) from misfit
    return box[0]


class _Misfit(Exception):
    """Why a patch does not fit."""


def _apply(box: list[Any], patch: Patch) -> None:
    """Changes the document in `box`, so that also the whole document can be replaced."""
    match patch.op:
        case "add" | "replace":
            _put(box, patch.path, _value(patch), insert=patch.op == "add")
        case "remove":
            _take(box, patch.path)
        case "move":
            _put(box, patch.path, _take(box, _source(patch)), insert=True)
        case "copy":
            _put(box, patch.path, copy.deepcopy(_get(box, _source(patch))), insert=True)
        case "test":
            if not _same(_get(box, patch.path), _value(patch)):
                raise _Misfit(f"the value at {patch.path!r} is not the one that was expected")


def _value(patch: Patch) -> Any:
    if patch.value is UNSET:
        raise _Misfit(f"{patch.op} needs a value")
    return copy.deepcopy(patch.value)


def _source(patch: Patch) -> str:
    if patch.from_ is UNSET:
        raise _Misfit(f"{patch.op} needs a `from`")
    if patch.op == "move" and patch.path.startswith(f"{patch.from_}/"):
        raise _Misfit("nothing can be moved into itself")
    return patch.from_


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise _Misfit(f"the path {path!r} must begin with a slash")
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _parent(box: list[Any], path: str) -> tuple[Any, str]:
    """What holds the value at `path`, and under which key."""
    steps = ["0", *_steps(path)]
    holder: Any = box
    for step in steps[:-1]:
        holder = _child(holder, step, path)
    return holder, steps[-1]


def _child(holder: Any, step: str, path: str) -> Any:
    if isinstance(holder, list):
        return holder[_index(holder, step, path)]
    if isinstance(holder, dict) and step in holder:
        return holder[step]
    raise _Misfit(f"there is nothing at {path!r}")


def _index(holder: list[Any], step: str, path: str, *, insert: bool = False) -> int:
    """A position in a list; to insert, `-` and the length stand for its end."""
    if insert and step in ("-", str(len(holder))):
        return len(holder)
    if step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(holder):
        return int(step)
    raise _Misfit(f"{path!r} is no position in the list")


def _get(box: list[Any], path: str) -> Any:
    return _child(*_parent(box, path), path)


def _put(box: list[Any], path: str, value: Any, *, insert: bool) -> None:
    holder, step = _parent(box, path)
    if isinstance(holder, dict):
        holder[step] = value
    elif isinstance(holder, list) and insert and holder is not box:
        holder.insert(_index(holder, step, path, insert=True), value)
    elif isinstance(holder, list):
        holder[_index(holder, step, path)] = value
    else:
        raise _Misfit(f"there is nothing at {path!r}")


def _take(box: list[Any], path: str) -> Any:
    holder, step = _parent(box, path)
    if isinstance(holder, dict):
        return holder.pop(step, None)
    if isinstance(holder, list) and holder is not box:
        return holder.pop(_index(holder, step, path))
    raise _Misfit(f"there is nothing to take away at {path!r}")


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON: `true` is not `1`."""
    return msgspec.json.encode(left, order="sorted") == msgspec.json.encode(right, order="sorted")
