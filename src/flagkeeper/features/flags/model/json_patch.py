"""JSON Patch (RFC 6902) on decoded JSON.

One leniency, which existing clients rely on: to replace or remove a member that an object does not have is no error.
"""

import copy
from collections.abc import Hashable, Sequence
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.lenient import meant_as

PatchedT = TypeVar("PatchedT")

LARGEST_WORK = 1_000_000
"""Characters that all operations together may copy and compare: copies of copies double each time."""
VALUE = 10
"""Characters that a value of any kind counts as, for what it takes besides its text."""
DEEPEST = 250
"""Lists and objects inside each other."""
LONGEST_POINTER = 2_000
"""Characters."""

Pointer = Annotated[str, msgspec.Meta(max_length=LONGEST_POINTER)]


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    op: Literal["add", "remove", "replace", "copy", "move", "test"]
    path: Pointer
    from_: Pointer | UnsetType = msgspec.field(default=UNSET, name="from")
    value: Any = UNSET


def patched(document: Any, patches: Sequence[Patch], kind: type[PatchedT]) -> PatchedT:
    """What becomes of `document` (any value that JSON can show), read as a `kind`.

    Raises:
        BadData: a patch does not fit, or what comes out is no `kind`.
    """
    result = apply(msgspec.to_builtins(document), patches)
    try:
        return msgspec.convert(meant_as(cast(Hashable, kind))(result), kind, strict=False)
    except msgspec.ValidationError as error:
        text, _, place = str(error).replace("`", "").partition(" - at $")
        path = place.replace(".", "/").replace("[", "/").replace("]", "")
        message = f"The patch does not lead to something valid: {text}"
        raise BadData(message, Detail(text, path or None)) from error


def apply(document: Any, patches: Sequence[Patch]) -> Any:
    """What becomes of `document`, which itself is left alone.

    Raises:
        BadData: a patch does not fit the document, copies too much, or a test fails; the detail says which.
    """
    target = _Target(document)
    for number, patch in enumerate(patches):
        try:
            target.apply(patch)
        except _Misfit as misfit:
            raise BadData(f"The patch cannot be applied: {misfit}", Detail(str(misfit), f"/body/{number}")) from misfit
    return target.box[0]


class _Misfit(Exception):
    """Why a patch does not fit."""


class _Target:
    """A document that is being changed, in a list, so that also the whole of it can be replaced; and how much work may
    still be done to it."""

    def __init__(self, document: Any) -> None:
        self.box = [copy.deepcopy(document)]
        self._left = LARGEST_WORK

    def apply(self, patch: Patch) -> None:
        match patch.op:
            case "add" | "replace":
                _put(self.box, patch.path, self._copied(_value(patch), patch.path), insert=patch.op == "add")
            case "remove":
                _take(self.box, patch.path)
            case "move":
                value = _take(self.box, _source(patch))
                self._measure(value, patch.path)
                _put(self.box, patch.path, value, insert=True)
            case "copy":
                value = self._copied(_get(self.box, _source(patch)), patch.path)
                _put(self.box, patch.path, value, insert=True)
            case "test":
                found = _get(self.box, patch.path)
                self._measure(_value(patch), patch.path)
                self._measure(found, patch.path)
                if not _same(found, _value(patch)):
                    raise _Misfit(f"the value at {patch.path!r} is not the one that was expected")

    def _copied(self, value: Any, path: str) -> Any:
        self._measure(value, path)
        return copy.deepcopy(value)

    def _measure(self, value: Any, path: str) -> None:
        """Counts what is about to be done with `value` at `path`. Without recursion, and no further than there is work
        left."""
        rest = [(value, path.count("/"))]
        while rest:
            each, depth = rest.pop()
            self._left -= VALUE + (len(each) if isinstance(each, str) else 0)
            if self._left < 0:
                raise _Misfit("it copies or compares too much; send the result instead")
            if isinstance(each, dict):
                self._left -= sum(map(len, each))
                rest.extend((member, depth + 1) for member in each.values())
            elif isinstance(each, list):
                rest.extend((item, depth + 1) for item in each)
            if depth > DEEPEST:
                raise _Misfit(f"more than {DEEPEST} lists and objects would be inside each other")


def _value(patch: Patch) -> Any:
    if patch.value is UNSET:
        raise _Misfit(f"{patch.op} needs a value")
    return patch.value


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
