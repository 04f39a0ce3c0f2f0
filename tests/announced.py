"""Events as providers are given them, for tests that need no server."""

import msgspec

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue import Event, Tag
from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.catalogue.integration import AddonConfigCreated, IntegrationData
from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.catalogue.wording import BASE_URL
from flagkeeper.eventlog.read import EventOut
from flagkeeper.kernel.change_context import Cause

BASE = "https://flags.corp.example"


def announced(event: Event, actor: str = "anna@corp.example", event_id: int = 42) -> EventOut:
    """An event as it is read from the log."""
    return EventOut(
        id=event_id,
        type=event.about.type,
        created_at="2026-11-22T09:00:00.123Z",
        created_by=actor,
        created_by_user_id=7,
        data=msgspec.Raw(msgspec.json.encode(event.data)),
        pre_data=msgspec.Raw(msgspec.json.encode(event.pre_data)),
        tags=msgspec.Raw(msgspec.json.encode(event.tags or [])),
        feature_name=event.feature_name,
        project=event.project,
        environment=event.environment,
        label=event.about.label,
        summary=event.summary(actor).replace(BASE_URL, BASE),
        ip="203.0.113.9",
        group_type="transaction",
        group_id="01JD9XKZ4M0000000000000000",
    )


ENABLED = announced(
    FeatureEnvironmentEnabled(
        feature_name="checkout",
        project="shop",
        environment="production",
        tags=(Tag("slack", "releases, #shop-dev"), Tag("simple", "payments")),
    )
)
"""A flag was turned on: what integrations are made for."""

ODD = announced(
    FeatureEnvironmentEnabled(feature_name="check_out*", project="shop", environment="<pro>d&|*uction*`"),
    actor='*anna* <!here> [x](http://evil.example) & "Co"',
)
"""Names that try to be markup."""

INTEGRATION = announced(
    AddonConfigCreated(
        data=IntegrationData(
            id="3",
            provider="slack-app",
            enabled=True,
            description=None,
            events=["feature-created"],
            projects=[],
            environments=[],
        )
    )
)
"""Of no project, and with nothing to link to."""

SEGMENT = announced(
    SegmentCreated(
        project=None,
        data=SegmentData(
            id=5,
            name="eu",
            description="Europe",
            constraints=[Constraint(context_name="country", operator="IN", values=["no", "de"])],
            created_by="anna@corp.example",
            created_at="2026-11-22T09:00:00.123Z",
            project=None,
        ),
    )
)
"""With data that has depth."""

WHY = msgspec.structs.replace(
    ENABLED,
    reason="Roll back: <b>payments</b> fail",
    ticket="OPS-7",
    cause=Cause("event", "41"),
    actor_kind="pat",
    credential_id="3",
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
)
"""The same, by somebody who says why."""
EVENTS = {"enabled": ENABLED, "odd": ODD, "integration": INTEGRATION, "segment": SEGMENT, "why": WHY}
