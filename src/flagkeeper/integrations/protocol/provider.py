"""What a provider is: a description of itself, and two pure functions.

`build` makes what is to be sent from an event; `outbound` sends it; `judge` says what an answer means. Both give the
same result for the same input whenever they are called: an attempt that is repeated is built anew.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from flagkeeper.eventlog import catalogue
from flagkeeper.eventlog.read import EventOut
from flagkeeper.features.tags.model import TagType
from flagkeeper.integrations.protocol.message import first_link
from flagkeeper.integrations.protocol.verdict import (
    Judgement,
    Outcome,
    Verdict,
    judge_api,
    judge_http,
    judge_reply,
    verdict,
)
from flagkeeper.outbound.outgoing import Answer, BrokerMessage, HttpRequest, Mail, Outgoing, SendResult

Parameters = Mapping[str, str]
"""The values of one integration by name, in clear. Those that were left out are absent or empty."""


class Links(msgspec.Struct, frozen=True):
    """Where people find things on this server."""

    base_url: str

    def of(self, event: EventOut) -> str:
        """The page of what the event is about, which is what its summary links first; or else the event log."""
        return first_link(event.summary) or f"{self.base_url}/history"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One value that an integration of this kind needs to know."""

    name: str
    display_name: str
    type: Literal["url", "text", "textfield"] = "text"
    """A `url` says whom everything is sent to; a provider has one at most. `outbound` checks where it leads when it is
    stored, and again whenever something is sent there."""
    description: str
    placeholder: str = ""
    required: bool = False
    sensitive: bool = False
    """Encrypted where it is stored, and masked wherever it would be shown. It goes to nobody but whom it was entered
    for (`destination`)."""
    schemes: tuple[str, ...] = ("http", "https")
    """What a `url` may begin with."""
    check: Callable[[str], object] | None = None
    """Raises `ValueError`, with a message for people, for a value that makes no sense."""


class Link(msgspec.Struct, frozen=True):
    url: str
    title: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on the page where such an integration is configured."""

    type: Literal["success", "info", "warning", "error"]
    text: str
    link: Link | msgspec.UnsetType = msgspec.UNSET


class Installation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of the receiver where something has to be installed first."""

    url: str
    title: str
    help_text: str


class ProviderDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider presents itself."""

    name: str
    """The wire name. Never changes."""
    display_name: str
    description: str
    documentation_url: str
    how_to: str = ""
    parameters: tuple[Parameter, ...]
    address: str = ""
    """Whom everything is sent to where no parameter says so."""
    events: tuple[str, ...]
    """What the form offers; any event type of the catalogue is accepted."""
    tag_types: tuple[TagType, ...] = ()
    """Made with the first integration that needs them."""
    deprecated: str = ""
    """Why to use something else."""
    installation: Installation | None = None
    alerts: tuple[Alert, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        return next((each for each in self.parameters if each.name == name), None)

    @property
    def where(self) -> Parameter | None:
        """The parameter that says whom everything is sent to."""
        return next((each for each in self.parameters if each.type == "url"), None)


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What an event becomes for one integration."""

    parts: dict[str, Outgoing]
    """What to send, by a name that is the same whenever it is built: one part, except where each channel gets its own.
    Empty: there is nobody to send to, and `warnings` says why."""
    details: dict[str, Any]
    """What is shown of it afterwards, without secrets."""
    warnings: tuple[str, ...] = ()
    """What went wrong although it can be sent."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of receiver."""

    definition: ProviderDefinition
    build: Callable[[EventOut, Parameters, Links], Built]
    judge: Callable[[Answer], Judgement] = judge_http
    """What the answer to one part means."""

    @property
    def name(self) -> str:
        return self.definition.name

    def verdict(self, built: Built, answers: Mapping[str, Answer]) -> Verdict:
        """What the answers mean together, by the names of the parts that were sent in this attempt."""
        return verdict(answers, self.judge, built.warnings)


def one(part: Outgoing, details: dict[str, Any], warnings: tuple[str, ...] = ()) -> Built:
    """The usual case: one thing to send."""
    return Built(parts={"message": part}, details=details, warnings=warnings)


def offered(provider: str) -> tuple[str, ...]:
    """The event types that Unleash's provider of that name offers."""
    return catalogue.offered_to(provider)


EVERY_TYPE = tuple(catalogue.EVENTS)
"""What our own providers offer that are made for machines."""

__all__ = [
    "EVERY_TYPE",
    "Alert",
    "Answer",
    "BrokerMessage",
    "Built",
    "EventOut",
    "HttpRequest",
    "Installation",
    "Judgement",
    "Link",
    "Links",
    "Mail",
    "Outcome",
    "Parameter",
    "Parameters",
    "Provider",
    "ProviderDefinition",
    "SendResult",
    "TagType",
    "judge_api",
    "judge_http",
    "judge_reply",
    "offered",
    "one",
]  # fmt: skip
