"""What an integration is, and the rules for configuring one. Pure."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar

import msgspec
from msgspec import UNSET

from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.catalogue.integration import IntegrationData, UpdatedIntegrationData
from flagkeeper.eventlog.query import Candidate, EventQuery, matches, parse
from flagkeeper.eventlog.query.evaluate import Searchable
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.integrations.protocol.event_body import MASK
from flagkeeper.integrations.protocol.parameters import ORDERED
from flagkeeper.integrations.protocol.provider import Parameter, Parameters, ProviderDefinition
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.kernel.errors import BadData, Detail, InvalidOperation
from flagkeeper.kernel.secrets import entry_of
from flagkeeper.kernel.text import check_line, is_one_line
from flagkeeper.outbound.errors import Refused
from flagkeeper.outbound.target import read_target

LONGEST_DESCRIPTION = 500
LONGEST_LINE = 4_000
LONGEST_TEXT = 50_000
"""Characters of a parameter: of one line, and of several."""
EVERYWHERE = "*"


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    provider: str
    description: str | None
    enabled: bool
    parameters: dict[str, str]
    """Sensitive ones are sealed (`secrets.Keyring`)."""
    events: list[str]
    projects: list[str]
    environments: list[str]
    query: str = ""
    """What events must match besides, in the language of the event log. Empty: nothing."""

    @property
    def ordered(self) -> bool:
        """Whether the events of one subject must arrive strictly in order."""
        return self.parameters.get(ORDERED.name) == "true"

    def wants(self, event_type: str, project: str | None, environment: str | None) -> bool:
        """Whether an event is for it, as far as its lists say."""
        return (
            self.enabled
            and event_type in self.events
            and _passes(project, self.projects)
            and _passes(environment, self.environments)
        )

    def finds(self, event: Searchable) -> bool:
        """Whether an event matches the query; none does while nobody can tell what it means (`problem`)."""
        return not self.query or (not self.problem and matches(_parsed(self.query), Candidate(event)))

    @property
    def problem(self) -> str:
        """Why the query cannot be read; empty when it can. An older version may have taken it."""
        return next((found.message for found in problems_of_query(self.query)), "")

    def payload(self) -> IntegrationData:
        """How events show it: without parameters."""
        return IntegrationData(
            id=str(self.id),
            provider=self.provider,
            enabled=self.enabled,
            description=self.description,
            events=self.events,
            projects=self.projects,
            environments=self.environments,
            query=self.query or UNSET,
        )

    def updated(self, changed_parameters: list[str]) -> UpdatedIntegrationData:
        shown = self.payload()
        return UpdatedIntegrationData(
            id=shown.id,
            provider=shown.provider,
            enabled=shown.enabled,
            description=shown.description,
            events=shown.events,
            projects=shown.projects,
            environments=shown.environments,
            query=shown.query,
            changed_parameters=changed_parameters,
        )

    def state(self) -> "IntegrationState":
        provider = PROVIDERS.get(self.provider)
        known = {each.name: each.sensitive for each in provider.definition.parameters} if provider else {}
        harmless = {name: value for name, value in self.parameters.items() if known.get(name) is False}
        return IntegrationState(
            id=self.id,
            provider=self.provider,
            description=self.description,
            enabled=self.enabled,
            parameters=harmless if provider else None,
            entries={name: entry_of(value) for name, value in self.parameters.items() if known.get(name)},
            events=self.events,
            projects=self.projects,
            environments=self.environments,
            query=self.query,
        )


class IntegrationState(Snapshot, frozen=True, kw_only=True):
    """A version of an integration, without what is sensitive."""

    kind: ClassVar = "integration"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: _of_first(state["integration"]) if state["integration"] else None}
    id: int
    provider: str
    description: str | None
    enabled: bool
    parameters: dict[str, str] | None
    """Those that are not sensitive. None: nobody can tell which these are, because an older version of Flagkeeper kept
    none, or a newer one has the provider."""
    entries: dict[str, str]
    """Of each sensitive parameter, which entry of it was kept (`secrets.entry_of`)."""
    events: list[str]
    projects: list[str]
    environments: list[str]
    query: str

    def restored(self) -> Integration:
        """The integration as it was.

        Raises:
            InvalidOperation: it had secrets, or nobody can tell whether it had.
        """
        if self.parameters is None or self.entries:
            reason = "its parameters were not kept" if self.parameters is None else "its secrets are gone"
            raise InvalidOperation(
                f"The integration {self.id} cannot be brought back: it was deleted, and {reason}. Set up a new one."
            )
        return Integration(
            id=self.id,
            provider=self.provider,
            description=self.description,
            enabled=self.enabled,
            parameters=self.parameters,
            events=self.events,
            projects=self.projects,
            environments=self.environments,
            query=self.query,
        )

    def draft(self) -> "IntegrationDraft":
        """What a person would have to ask for, to get it while its secrets are still kept."""
        return IntegrationDraft(
            provider=self.provider,
            description=self.description,
            enabled=self.enabled,
            parameters={**(self.parameters or {}), **dict.fromkeys(self.entries, MASK)},
            events=self.events,
            projects=self.projects,
            environments=self.environments,
            query=self.query,
        )


class IntegrationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants an integration to be, in clear."""

    provider: str
    description: str | None
    enabled: bool
    parameters: dict[str, str]
    """A sensitive one that equals the mask stands for the value that is kept already."""
    events: list[str]
    projects: list[str]
    environments: list[str]
    query: str = ""

    def urls(self) -> Iterator[tuple[Parameter, str]]:
        """The addresses that it names."""
        definition = definition_of(self.provider)
        for parameter in definition.parameters:
            value = self.parameters.get(parameter.name, "")
            if parameter.type == "url" and value and not is_masked(parameter, value):
                yield parameter, value


def unreadable_addresses(draft: IntegrationDraft) -> list[Detail]:
    """Addresses that nothing can be sent to, wherever they might lead."""
    problems = []
    for parameter, url in draft.urls():
        try:
            read_target(url, parameter.schemes)
        except Refused as error:
            problems.append(Detail(f"{parameter.name}: {error.message}.", f"/body/parameters/{parameter.name}"))
    return problems


def definition_of(provider: str) -> ProviderDefinition:
    """Raises `BadData` when there is no such provider."""
    found = PROVIDERS.get(provider)
    if found is None:
        raise BadData(
            f"There is no provider called {provider!r}. There are {', '.join(PROVIDERS)}.",
            Detail(f"{provider!r} is unknown.", "/body/provider"),
        )
    return found.definition


def completed(draft: IntegrationDraft, kept: Mapping[str, str] | None = None) -> IntegrationDraft:
    """The draft with what is kept in place of masks, and without parameters that its provider does not know. Of an
    integration that would send to somebody else, no secret is kept: those are asked for again.

    Args:
        draft: as it was sent.
        kept: the parameters in clear that the integration has now; None for a new one.
    """
    kept = kept or {}
    definition = definition_of(draft.provider)
    given = {each.name: draft.parameters.get(each.name, "") for each in definition.parameters}
    filled = {
        each.name: kept.get(each.name, given[each.name]) if is_masked(each, given[each.name]) else given[each.name]
        for each in definition.parameters
    }
    wanted = filled if is_same(definition, kept, filled) else given
    return msgspec.structs.replace(draft, parameters={name: value for name, value in wanted.items() if value})


def check(draft: IntegrationDraft, found: list[Detail]) -> None:
    """Checks a completed draft.

    Args:
        draft: as it is to be kept.
        found: what is known to be wrong already: addresses, which only a look at the network can judge.

    Raises:
        BadData: with everything that is wrong.
    """
    definition = definition_of(draft.provider)
    problems = [*_missing(definition, draft.parameters), *_senseless(definition, draft.parameters, found), *found]
    problems += [
        Detail(f"There is no event type {name!r}.", f"/body/events/{position}")
        for position, name in enumerate(draft.events)
        if name not in EVENTS
    ]
    problems += problems_of_query(draft.query)
    if draft.description and len(draft.description) > LONGEST_DESCRIPTION:
        problems.append(Detail(f"At most {LONGEST_DESCRIPTION} characters are allowed.", "/body/description"))
    try:
        check_line(draft.description or "", "/body/description")
    except BadData as error:
        problems += error.details
    if problems:
        raise BadData(" ".join(problem.message for problem in problems[:5]), *problems)


@lru_cache(maxsize=500)
def _parsed(query: str) -> EventQuery:
    """Raises `BadData`. It names no moments, so it means the same at any time."""
    return parse(query, 0)


@lru_cache(maxsize=500)
def problems_of_query(query: str) -> tuple[Detail, ...]:
    """What is wrong with an integration's query."""
    try:
        parsed = _parsed(query)
    except BadData as error:
        return (Detail(f"query: {error.message}", "/body/query"),)
    if parsed.since is not None or parsed.until is not None:
        message = "query: an integration is for events to come, so since: and until: have no meaning."
        return (Detail(message, "/body/query"),)
    return ()


def _missing(definition: ProviderDefinition, parameters: Mapping[str, str]) -> list[Detail]:
    names = [each.name for each in definition.parameters if each.required and not parameters.get(each.name)]
    return [Detail(f"The parameter {name} is missing.", f"/body/parameters/{name}") for name in names]


def _senseless(definition: ProviderDefinition, parameters: Mapping[str, str], found: list[Detail]) -> Iterator[Detail]:
    known = {problem.path for problem in found}
    for parameter in definition.parameters:
        path = f"/body/parameters/{parameter.name}"
        problem = _problem(parameter, parameters.get(parameter.name, ""))
        if problem and path not in known:
            yield Detail(f"{parameter.name}: {problem}", path)


def _problem(parameter: Parameter, value: str) -> str:
    """Why a value makes no sense; empty when it does."""
    if not value:
        return ""
    if is_masked(parameter, value):
        return "send the value itself. One is kept only while scheme, host and port of the address stay."
    one_line = parameter.type != "textfield"
    if len(value) > (longest := LONGEST_LINE if one_line else LONGEST_TEXT):
        return f"at most {longest} characters are allowed."
    if one_line and not is_one_line(value):
        return "it has characters that are not allowed, such as line breaks."
    try:
        if parameter.check:
            parameter.check(value)
    except ValueError as error:
        return str(error)
    return ""


def is_masked(parameter: Parameter, value: str) -> bool:
    return parameter.sensitive and value == MASK


def _of_first(integration: dict[str, Any]) -> dict[str, Any]:
    """What the first schema kept: the payload of events."""
    return {"query": "", **integration, "id": int(integration["id"]), "parameters": None, "entries": {}}


def _passes(value: str | None, wanted: list[str]) -> bool:
    return not value or not wanted or wanted[0] == EVERYWHERE or value in wanted


Destination = tuple[str, str, int]
"""Scheme, host and port."""


def destination(definition: ProviderDefinition, parameters: Parameters) -> Destination | None:
    """Whom everything goes to that an integration with these parameters sends. However an address is spelled, the same
    one is the same. None: there is no address that could be read."""
    where = definition.where
    address = (parameters.get(where.name) if where else "") or definition.address
    try:
        target = read_target(address, where.schemes if where else ("https",))
    except Refused:
        return None
    return target.scheme, target.host, target.port


def is_same(definition: ProviderDefinition, old: Parameters, new: Parameters) -> bool:
    """Whether secrets of `old` may go on being sent with `new`. What cannot be read is not known to be the same."""
    known = destination(definition, old)
    return known is not None and known == destination(definition, new)
