"""Events of the single changes in a change request. They reach no client."""

from collections.abc import Callable
from typing import Any, ClassVar

from flagkeeper.eventlog.catalogue.event import About, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP, TEAMS, WEBHOOK
from flagkeeper.eventlog.catalogue.payload import Payload
from flagkeeper.eventlog.catalogue.wording import fill_summary

GROUP = "Change request"


class ChangeData(Payload, frozen=True, kw_only=True):
    """One change that a change request will make."""

    change_request_id: int
    change_id: int
    action: str
    """`updateEnabled`, `addStrategy`, `updateSegment`, ..."""
    feature: str | None
    """None: the change is of a segment."""
    payload: Any
    """As it was asked for."""


class DiscardedChangeData(Payload, frozen=True, kw_only=True):
    change_request_id: int


def _change(wording: str) -> Callable[[Event, str], str]:
    """The summary of an event of one change; `{change}` in the wording names it, and its flag where it has one."""

    def summary(event: Event, actor: str) -> str:
        change = "{data.action|pre_data.action}" + (" of flag {flag}" if event.feature_name else "")
        return fill_summary(wording.replace("{change}", change), event, actor)

    return summary


class ChangeAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-added",
        label="Change added",
        summary=_change("{actor} added change {change} to change request {change_request} {where}"),
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    feature_name: str | None = None
    project: str
    environment: str
    data: ChangeData
    pre_data: None = None


class ChangeEdited(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-edited",
        label="Change edited",
        summary=_change("{actor} edited change {change} in change request {change_request} {where}"),
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    feature_name: str | None = None
    project: str
    environment: str
    data: ChangeData
    pre_data: ChangeData


class ChangeDiscarded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-discarded",
        label="Change discarded",
        summary=_change("{actor} discarded change {change} from change request {change_request} {where}"),
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    feature_name: str | None = None
    project: str
    environment: str
    data: DiscardedChangeData
    pre_data: ChangeData
