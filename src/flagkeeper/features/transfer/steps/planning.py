"""An import being planned: what is wrong with it, what the server will have, and the steps that lead there.

Kinds of things take their turn one after the other (`kinds.KINDS`); each finds what those before it left in the
attributes that end with `_after`. Nothing here reads or changes a database.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum, auto
from typing import Any, TypeVar

import msgspec

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.step import Op, Step
from flagkeeper.features.strategies.model import Strategy
from flagkeeper.features.transfer.model.document import SECTIONS, Document, items
from flagkeeper.features.transfer.model.world import Standing, World
from flagkeeper.features.transfer.steps import ops
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail, FlagkeeperError
from flagkeeper.kernel.existing import Existing
from flagkeeper.kernel.limits import Limits
from flagkeeper.kernel.rests import Rest

ResultT = TypeVar("ResultT")
WIRE_NAMES = {field: wire for wire, (field, _) in SECTIONS.items()}


class Stage(IntEnum):
    """When a step's turn comes: what is referred to is there before, and goes afterwards."""

    FLAGS_GO = auto()
    DEPENDENCIES_GO = auto()
    ENVIRONMENTS = auto()
    PROJECTS = auto()
    STRATEGIES = auto()
    TAG_TYPES = auto()
    TAGS = auto()
    CONTEXT_FIELDS = auto()
    SEGMENTS = auto()
    DEFAULT_STRATEGIES = auto()
    FLAGS = auto()
    FLAG_TAGS = auto()
    DEPENDENCIES = auto()
    LINKS = auto()
    ENVIRONMENTS_LEAVE_PROJECTS = auto()
    TAGS_GO = auto()
    TAG_TYPES_GO = auto()
    STRATEGIES_GO = auto()
    SEGMENTS_GO = auto()
    CONTEXT_FIELDS_GO = auto()
    PROJECTS_GO = auto()
    ENVIRONMENTS_GO = auto()


class Planned(msgspec.Struct, frozen=True):
    step: Step
    weight: int
    """About how many rows it writes."""


def planned(op: Op[Any], payload: msgspec.Struct, weight: int = 1) -> Planned:
    return Planned(Step(op.name, payload), weight)


class Planning:
    """Args:
    existing: what happens to what is there already.
    rest: called again and again, while it may be called.
    """

    def __init__(self, document: Document, world: World, existing: Existing, limits: Limits, rest: Rest) -> None:
        self.document = document
        self.world = world
        self.existing = existing
        self.limits = limits
        self._rest = rest
        self.wrong: list[Detail] = []
        self._steps: list[tuple[Stage, Planned]] = []
        self.flags_after: dict[str, Standing] = {}
        """Where each flag will be."""
        self.staying: dict[str, Standing] = {}
        """The flags of the server that the import leaves as they are."""
        self.environments_after: set[str] = set()
        self.attached_after: dict[str, set[str]] = {}
        """The environments of each project that is not archived."""
        self.definitions_after: dict[str, Strategy] = {}
        self.tag_types_after: set[str] = set()
        self.tags_going: set[tuple[str, str]] = set()
        self.segment_ids: dict[int, int] = {}
        """The server's ids of the document's segments."""
        self.segments_after: dict[int, str | None] = {}
        """By the server's ids: whose it is."""

    @property
    def keeps(self) -> bool:
        """Whether what is there already stays as it is."""
        return self.existing is Existing.KEEP

    def has(self, field: str) -> bool:
        """Whether the document has a section."""
        return getattr(self.document, field) is not msgspec.UNSET

    def drops(self, field: str) -> bool:
        return self.existing is Existing.DROP and self.has(field)

    def announce(self, field: str, stage: Stage, there: Collection[object]) -> None:
        """If a kind of things is dropped, says so before anything of it comes."""
        if self.drops(field) and there:
            self.add(stage, ops.ANNOUNCE, ops.Announce(dropped=field))

    def add(self, stage: Stage, op: Op[Any], payload: msgspec.Struct, weight: int = 1) -> None:
        self._rest()
        self._steps.append((stage, planned(op, payload, weight)))

    def fault(self, message: str, place: str) -> None:
        self.wrong.append(Detail(message, place))

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """What is raised inside is noted as wrong at this place."""
        self._rest()
        try:
            yield
        except FlagkeeperError as error:
            self.wrong += [
                Detail(each.message, place + (each.path or "").removeprefix("/body")) for each in error.details
            ]

    def checked(self, place: str, check: Callable[[], ResultT], otherwise: ResultT) -> ResultT:
        """What a check gives back; `otherwise`, and a note, when it finds something wrong."""
        found = [otherwise]
        with self.at(place):
            found.append(check())
        return found[-1]

    def moment(self, text: str | None, place: str) -> clock.Millis | None:
        """A time, if one is given."""
        try:
            return None if text is None else clock.from_iso(text)
        except ValueError:
            self.fault(f"{text!r} is no time such as 2026-01-31T12:00:00.000Z.", place)
            return None

    def once(self, field: str, names: Sequence[Hashable]) -> None:
        """Notes what a section says twice."""
        seen: set[Hashable] = set()
        for number, name in enumerate(names):
            if name in seen:
                self.fault(f"{name!r} is there twice.", f"/body/{WIRE_NAMES[field]}/{number}")
            seen.add(name)

    def default_strategies_staying(self) -> Iterator[tuple[str, str, DefaultStrategyData]]:
        """Those of the server that the import leaves as they are, with project and environment."""
        said = {(each.project_id, each.environment) for each in items(self.document.project_environments)}
        for project, environments in self.world.attached.items():
            for environment, strategy in environments.items():
                stays = environment in self.attached_after.get(project, {environment})
                if strategy is not None and stays and (project, environment) not in said:
                    yield project, environment, strategy

    def default_strategies_after(self) -> Iterator[tuple[str, str, DefaultStrategyData]]:
        """Those and the document's."""
        yield from self.default_strategies_staying()
        for each in items(self.document.project_environments):
            if each.default_strategy is not None:
                yield each.project_id, each.environment, each.default_strategy

    def segments_of(self, ids: Iterable[int], project: str) -> list[int]:
        """The server's ids of segments that something of a project uses, by those of the document.

        Raises:
            BadData: there is no such segment, or it is another project's own.
        """
        found = []
        for id_ in ids:
            own = self.segment_ids.get(id_)
            if own is None:
                message = f"The document has no segment with the id {id_}."
                raise BadData(message, Detail(message, "/body/segments"))
            if self.segments_after.get(own) not in (None, "", project):
                message = f"The segment {id_} belongs to another project."
                raise BadData(message, Detail(message, "/body/segments"))
            found.append(own)
        return sorted(set(found))

    def steps(self) -> list[Planned]:
        """All of them, in order."""
        return [each for _, each in sorted(self._steps, key=lambda pair: pair[0])]
