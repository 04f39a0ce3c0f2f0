"""The flags that a token sees, compiled. A change compiles the flags that it is about, and no others."""

import asyncio
import random
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.document import ClientFeature
from flagkeeper.evaluation.evaluator import Evaluator
from flagkeeper.evaluation.flag import OFF, ON, CompiledFlag, Decision, decided
from flagkeeper.evaluation.rollout import Rollout, Rollouts
from flagkeeper.http.caller import Credential
from flagkeeper.http.sdk import DEFAULT_ENVIRONMENT
from flagkeeper.readmodels.client_features.source import FeatureSource
from flagkeeper.readmodels.client_features.state import Flag, State
from flagkeeper.readmodels.remote_evaluation.pieces import Pieces, ReadyFlag

MOST_VIEWS = 256
"""Kept at once: as many as there are different scopes of tokens in use, so few."""

_read_feature = msgspec.json.Decoder(ClientFeature).decode


class Sheet(msgspec.Struct, frozen=True):
    """All flags of a view in one form: what is the same for everybody, and what has to be asked."""

    fixed: bytes
    rollouts: Sequence[Rollouts[bytes]]
    """Flags that do nothing but roll out, as most do: together they cost half."""
    asked: Sequence[tuple[Callable[[Values], int], Pieces]]

    def fill(self, values: Values) -> bytes:
        """What this context gets, without the comma at its end."""
        found = [self.fixed]
        for each in self.rollouts:
            found += each.outcomes(values)
        found += [pieces[decide(values)] for decide, pieces in self.asked]
        return b"".join(found)[:-1]


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
        self.flag_set = f"{','.join(projects)}:{environment}"
        self._flags = flags
        self._evaluator = Evaluator({name: each.compiled for name, each in flags.items()})

    @cached_property
    def toggles_on(self) -> Sheet:
        return _sheet((self._evaluator.decision(name), each.toggles_on) for name, each in self._flags.items())

    @cached_property
    def toggles(self) -> Sheet:
        return _sheet((self._evaluator.decision(name), each.toggles) for name, each in self._flags.items())

    @cached_property
    def evaluated(self) -> Sheet:
        return _sheet((self._evaluator.decision(name), each.evaluated) for name, each in self._flags.items())

    @cached_property
    def evaluated_for_nobody(self) -> Sheet:
        return _sheet(
            (0, each.lacks_user) if each.needs_user else (self._evaluator.decision(name), each.evaluated)
            for name, each in self._flags.items()
        )

    def one(self, name: str, values: Values) -> tuple[ReadyFlag, int] | None:
        """A flag and its outcome. None: there is no such flag, or the token may not see it."""
        flag = self._flags.get(name)
        return None if flag is None else (flag, decided(self._evaluator.decision(name), values))


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
        return View(state, seen, environment, projects)

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


def _sheet(flags: Iterator[tuple[Decision, Pieces]]) -> Sheet:
    fixed, asked = [], []
    rollouts: defaultdict[str, list[tuple[Rollout, bytes, bytes]]] = defaultdict(list)
    for decision, pieces in flags:
        if isinstance(decision, int):
            fixed.append(pieces[decision])
        elif isinstance(decision, Rollout):
            rollouts[decision.stickiness].append((decision, pieces[OFF], pieces[ON]))
        else:
            asked.append((decision, pieces))
    return Sheet(b"".join(fixed), [Rollouts(name, found) for name, found in rollouts.items()], asked)
