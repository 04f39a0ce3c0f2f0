"""The states of tags and tag types, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.tags import queries, steps
from flagkeeper.features.tags.model import TagState, TagTypeState, bare
from flagkeeper.storage.transaction import Transaction


class TagTypeKeeper:
    """Of all tag types, `tag-type/{name}`."""

    pattern = "tag-type/{name}"
    state = TagTypeState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, TagTypeState]:
        found = queries.tag_types_among(tx, [names(path, 1)[0] for path in paths])
        return {f"tag-type/{each.name}": each.state() for each in found}

    def refers(self, _path: str, _state: TagTypeState) -> Iterable[str]:
        return []

    def steps(self, path: str, now: TagTypeState | None, then: TagTypeState | None) -> list[Step]:
        (name,) = names(path, 1)
        if now == then:
            return []
        if then is None:
            return [Step(steps.DELETE_TYPE.name, steps.DeleteType(name=name))]
        if now is None:
            return [Step(steps.CREATE_TYPE.name, then.restored())]
        return [Step(steps.UPDATE_TYPE.name, steps.UpdateType(name=name, change=then.change()))]


class TagKeeper:
    """Of all tags, `tag/{type}/{value}`."""

    pattern = "tag/{type}/{value}"
    state = TagState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, TagState]:
        wanted = [names(path, 2) for path in paths]
        found = queries.tags_among(tx, sorted({type_ for type_, _ in wanted}), sorted({value for _, value in wanted}))
        states = {f"tag/{each.type}/{each.value}": TagState(tag=bare(each)) for each in found}
        return {path: states[path] for path in paths if path in states}

    def refers(self, _path: str, state: TagState) -> Iterable[str]:
        return [f"tag-type/{state.tag.type}"]

    def steps(self, path: str, now: TagState | None, then: TagState | None) -> list[Step]:
        if now == then:
            return []
        type_, value = names(path, 2)
        op = steps.DELETE_TAG if then is None else steps.CREATE_TAG
        return [Step(op.name, TagData(type=type_, value=value))]


KEEPERS = (TagTypeKeeper(), TagKeeper())
