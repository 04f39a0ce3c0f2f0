"""What an integration is, and the rules for configuring one (facts: integrations.md, section 3). Pure."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import ClassVar

import msgspec
from msgspec import UNSET

from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.catalogue.integration import IntegrationData, UpdatedIntegrationData
from flagkeeper.eventlog.query import Candidate, EventQuery, matches, parse
from flagkeeper.eventlog.query.evaluate import Searchable
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.integrations.event_body import MASK
from flagkeeper.integrations.parameters import ORDERED
from flagkeeper.integrations.provider import Parameter, ProviderDefinition
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.kernel.errors import BadData, Detail

LONGEST_DESCRIPTION = 500
LONGEST_LINE = 4_000
LONGEST_TEXT = 50_000
"""Characters of a parameter: of one line, and of several."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
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
        """Whether an event is for it, as far as its lists say (facts: integrations.md, section 4)."""
        return (
            self.enabled
            and event_type in self.events
            and _passes(project, self.projects)
            and _passes(environment, self.environments)
        )

    def finds(self, event: Searchable) -> bool:
        """Whether an event matches the query."""
        return not self.query or matches(_parsed(self.query), Candidate(event))

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
        return IntegrationState(integration=self.payload())


class IntegrationState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "integration"
    integration: IntegrationData | None
    """None: it was deleted."""


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
    """The draft with what is kept in place of masks, and without parameters that its provider does not know.

    Args:
        draft: as it was sent.
        kept: the parameters in clear that the integration has now; None for a new one.
    """
    kept = kept or {}
    parameters = {}
    for parameter in definition_of(draft.provider).parameters:
        value = draft.parameters.get(parameter.name, "")
        if is_masked(parameter, value):
            value = kept.get(parameter.name, value)
        if value:
            parameters[parameter.name] = value
    return msgspec.structs.replace(draft, parameters=parameters)


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
    if problems:
        raise BadData(" ".join(problem.message for problem in problems[:5]), *problems)


@lru_cache(maxsize=500)
def _parsed(query: str) -> EventQuery:
    """Raises `BadData`. It names no moments, so it means the same at any time."""
    return parse(query, 0)


def problems_of_query(query: str) -> Iterator[Detail]:
    """What is wrong with an integration's query."""
    try:
        parsed = _parsed(query)
    except BadData as error:
        yield Detail(f"query: {error.message}", "/body/query")
        return
    if parsed.since is not None or parsed.until is not None:
        yield Detail(
            "query: an integration is for events to come, so since: and until: have no meaning.", "/body/query"
        )


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
        return "send the value itself; there is none that could be kept."
    one_line = parameter.type != "textfield"
    if len(value) > (longest := LONGEST_LINE if one_line else LONGEST_TEXT):
        return f"at most {longest} characters are allowed."
    if one_line and _CONTROL.search(value):
        return "it has characters that are not allowed, such as line breaks."
    try:
        if parameter.check:
            parameter.check(value)
    except ValueError as error:
        return str(error)
    return ""


def is_masked(parameter: Parameter, value: str) -> bool:
    return parameter.sensitive and value == MASK


def _passes(value: str | None, wanted: list[str]) -> bool:
    return not value or not wanted or wanted[0] == EVERYWHERE or value in wanted
