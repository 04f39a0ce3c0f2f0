"""The states of banners, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.banners import queries, steps
from flagkeeper.features.banners.model import BannerState
from flagkeeper.storage.transaction import Transaction


class BannerKeeper:
    """Of all banners, `banner/{id}`."""

    pattern = "banner/{id}"
    state = BannerState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, BannerState]:
        found = queries.banners_among(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"banner/{each.id}": each.state() for each in found}

    def refers(self, _path: str, _state: BannerState) -> Iterable[str]:
        return ()

    def steps(self, path: str, now: BannerState | None, then: BannerState | None) -> list[Step]:
        id_ = int(names(path, 1)[0])
        if now == then:
            return []
        if now is None:
            return [Step(steps.RESTORE.name, steps.Restore(id=id_, state=then))] if then else []
        if then is None:
            return [Step(steps.DELETE.name, steps.Delete(id=id_))]
        return [Step(steps.UPDATE.name, steps.Update(id=id_, draft=then.draft))]


KEEPERS = (BannerKeeper(),)
