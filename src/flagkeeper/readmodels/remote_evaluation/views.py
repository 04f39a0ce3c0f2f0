"""The flags that a token sees, compiled. A change compiles the flags that it is about, and no others."""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import msgspec

from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.document import ClientFeature
from flagkeeper.evaluation.evaluator import Evaluator
from flagkeeper.evaluation.flag import CompiledFlag, decided
from flagkeeper.http.caller import Credential
from flagkeeper.http.sdk import DEFAULT_ENVIRONMENT
from flagkeeper.readmodels.client_features.source import FeatureSource
from flagkeeper.readmodels.client_features.state import Flag, State
from flagkeeper.readmodels.remote_evaluation.pieces import Pieces, ReadyFlag
from flagkeeper.readmodels.remote_evaluation.schemas import SetMetadata
from flagkeeper.readmodels.remote_evaluation.sheet import Sheet, sheet_of

MOST_VIEWS = 256
"""Kept at once: as many as there are different scopes of tokens in use, so few."""

_read_feature = msgspec.json.Decoder(ClientFeature).decode


class View:
    """The flags of some projects in an environment, at one revision.

    Args:
        state: from which it was made.
        flags: in the order of their names.
        environment: of all of them.
        projects: `*` among them stands for all.
    """

    def __init__(self, state: State, flags: Mapping[str, ReadyFlag], environment: str, projects: Sequence[str]) -> None:
        self.state = state
        self.environment = environment
        self.metadata = SetMetadata(
            flag_set_id=f"{','.join(projects)}:{environment}", version=str(state.revision(environment))
        )
        self._flags = flags
        self._evaluator = Evaluator({name: each.compiled for name, each in flags.items()})

    @cached_property
    def metadata_encoded(self) -> bytes:
        return msgspec.json.encode(self.metadata)

    @cached_property
    def toggles_on(self) -> Sheet:
        return self._sheet(lambda flag: flag.toggles_on)

    @cached_property
    def toggles(self) -> Sheet:
        return self._sheet(lambda flag: flag.toggles)

    @cached_property
    def evaluated(self) -> Sheet:
        return self._sheet(lambda flag: flag.evaluated)

    @cached_property
    def evaluated_for_nobody(self) -> Sheet:
        return sheet_of(
            (0, None, each.lacks_user)
            if each.needs_user
            else (self._evaluator.decision(name), each.compiled.listing, each.evaluated)
            for name, each in self._flags.items()
        )

    def prepare_like(self, before: "View") -> None:
        """Makes now what was asked of the view that this one takes the place of: 5,000 flags take ten milliseconds, in
        which the event loop would stand still."""
        for form in _FORMS & before.__dict__.keys():
            getattr(self, form)

    def _sheet(self, form: Callable[[ReadyFlag], Pieces]) -> Sheet:
        decision = self._evaluator.decision
        return sheet_of((decision(name), each.compiled.listing, form(each)) for name, each in self._flags.items())

    def one(self, name: str, values: Values) -> tuple[ReadyFlag, int] | None:
        """A flag and its outcome. None: there is no such flag, or the token may not see it."""
        flag = self._flags.get(name)
        return None if flag is None else (flag, decided(self._evaluator.decision(name), values))


_FORMS = {"toggles_on", "toggles", "evaluated", "evaluated_for_nobody"}


class Views:
    """The views of one server, made when they are asked for. All methods run on the event loop; the work is done on a
    thread."""

    def __init__(self, features: FeatureSource) -> None:
        self._features = features
        self._chance = random.Random()  # noqa: S311 - shares out flags, guards nothing
        self._compiled: OrderedDict[tuple[str, str], dict[str, ReadyFlag]] = OrderedDict()
        self._kept: OrderedDict[tuple[str, tuple[str, ...]], View] = OrderedDict()
        self._making = asyncio.Lock()

    async def of(self, credential: Credential) -> View:
        """What the token sees now."""
        environment = DEFAULT_ENVIRONMENT if credential.environment == "*" else credential.environment
        key = environment, credential.projects
        if (ready := self._ready(key, self._features.now_of(credential).state)) is not None:
            return ready
        async with self._making:
            state = self._features.now_of(credential).state
            if (ready := self._ready(key, state)) is not None:
                return ready
            view = await asyncio.to_thread(self._make, state, key)
            self._kept[key] = view
            while len(self._kept) > MOST_VIEWS:
                self._kept.popitem(last=False)
            return view

    def _ready(self, key: tuple[str, tuple[str, ...]], state: State) -> View | None:
        view = self._kept.get(key)
        if view is None or view.state.flags is not state.flags:
            return None
        self._kept.move_to_end(key)
        return view

    def _make(self, state: State, key: tuple[str, tuple[str, ...]]) -> View:
        environment, projects = key
        compiled = self._compile(state, environment)
        seen = {
            name: compiled[name]
            for name in sorted(state.flags)
            if "*" in projects or state.flags[name].project in projects
        }
        view = View(state, seen, environment, projects)
        if (before := self._kept.get(key)) is not None:
            view.prepare_like(before)
        return view

    def _compile(self, state: State, environment: str) -> dict[str, ReadyFlag]:
        """All flags in an environment; those that have not changed are the ones of before."""
        place = state.position.epoch, environment
        before, found = self._compiled.pop(place, {}), {}
        for name, flag in state.flags.items():
            source, kept = _source(flag, environment), before.get(name)
            if kept is not None and kept.source == source:
                found[name] = kept
            else:
                feature = _read_feature(source)
                # Constraints of segments stand among those of the strategies here.
                found[name] = ReadyFlag(source, CompiledFlag(feature, {}, hostname="", chance=self._chance))
        self._compiled[place] = found
        while len(self._compiled) > MOST_VIEWS:
            self._compiled.popitem(last=False)
        return found


def _source(flag: Flag, environment: str) -> bytes:
    state = flag.environments.get(environment)
    return flag.off if state is None else state.inlined
