"""Events of change requests, from draft to application."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP, TEAMS, WEBHOOK
from flagkeeper.eventlog.catalogue.payload import NoData, Payload
from flagkeeper.eventlog.catalogue.wording import fill_summary, value_at

GROUP = "Change request"


class ChangeRequestData(Payload, frozen=True, kw_only=True):
    change_request_id: int
    change_request_title: str | None


class ScheduledData(ChangeRequestData, frozen=True, kw_only=True):
    scheduled_date: str


class StoppedData(ChangeRequestData, frozen=True, kw_only=True):
    reason: str


class ReviewersData(ChangeRequestData, frozen=True, kw_only=True):
    reviewers: list[int]
    """Ids of users."""


class ChangeRequestSettings(Payload, frozen=True, kw_only=True):
    environment: str
    change_requests_enabled: bool
    required_approvals: int | None


def _rules(event: Event, actor: str) -> str:
    if value_at(event, "data.change_requests_enabled"):
        wording = "{actor} made changes {where} need {data.required_approvals} approvals"
    else:
        wording = "{actor} made changes {where} need no change request"
    return fill_summary(wording, event, actor)


class ChangeRequestCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-created",
        label="Change request created",
        summary="{actor} created change request {change_request} {where}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestDiscarded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-discarded",
        label="Change request discarded",
        summary="{actor} discarded change request {change_request} {where}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestSentToReview(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-sent-to-review",
        label="Change request sent to review",
        summary="{actor} sent change request {change_request} {where} to review",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestApprovalAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-approval-added",
        label="Approval added",
        summary="{actor} added an approval to change request {change_request} {where}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestApproved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-approved",
        label="Change request approved",
        summary="{actor} gave the last approval that change request {change_request} {where} needed",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestRejected(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-rejected",
        label="Change request rejected",
        summary="{actor} rejected change request {change_request} {where}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestCancelled(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-cancelled",
        label="Change request cancelled",
        summary="{actor} cancelled change request {change_request} {where}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestApplied(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-applied",
        label="Change request applied",
        summary="{actor} applied change request {change_request} {where}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestScheduled(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-scheduled",
        label="Change request scheduled",
        summary="{actor} scheduled change request {change_request} {where} for {data.scheduled_date}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ScheduledData
    pre_data: None = None


class ChangeRequestScheduledApplicationSuccess(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-scheduled-application-success",
        label="Scheduled change request applied",
        summary="Change request {change_request} {where} was applied on schedule for {actor}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestData
    pre_data: None = None


class ChangeRequestScheduledApplicationFailure(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-scheduled-application-failure",
        label="Scheduled change request failed",
        summary="Change request {change_request} {where}, scheduled by {actor}, could not be applied: {data.reason}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: StoppedData
    pre_data: None = None


class ChangeRequestScheduleSuspended(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-schedule-suspended",
        label="Change request suspended",
        summary="The schedule of change request {change_request} {where} was suspended: {data.reason}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
        offered_to=WEBHOOK | SLACK_APP | TEAMS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: StoppedData
    pre_data: None = None


class ChangeRequestConfigurationUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-configuration-updated",
        label="Change request rules updated",
        summary=_rules,
        subject="change-request-settings/{project}/{environment}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: ChangeRequestSettings
    pre_data: ChangeRequestSettings


class ChangeRequestRequestedApproversUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="change-request-requested-approvers-updated",
        label="Requested reviewers changed",
        summary="{actor} changed who is asked to review change request {change_request} {where}",
        subject="change-request/{data.change_request_id}",
        group=GROUP,
    )
    project: str
    environment: str
    data: ReviewersData
    pre_data: ReviewersData


class SuggestChangeCreated(Event, frozen=True, kw_only=True):
    """Recorded beside `change-request-created` for consumers that know only this name."""

    about: ClassVar = About(
        type="suggest-change-created",
        label="Change suggested (old name)",
        summary="{actor} created a change request draft",
        subject="suggested-change",
        group=GROUP,
        seeds=frozenset({2, 3}),
    )
    data: NoData = NoData()
    pre_data: None = None
