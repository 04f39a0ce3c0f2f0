"""A test message: an event that never happened, clearly marked, which goes the way of all others."""

import msgspec

from flagkeeper.eventlog.catalogue.feature import FeatureCreated
from flagkeeper.eventlog.catalogue.wording import bold
from flagkeeper.eventlog.read import EventOut
from flagkeeper.integrations.config.model import Integration
from flagkeeper.integrations.protocol.provider import Links
from flagkeeper.integrations.protocol.verdict import Outcome
from flagkeeper.integrations.sender.receiver import receiver_of
from flagkeeper.integrations.sender.transmit import Sent, not_sent, transmit
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.outbound.client import OutboundClient

FLAG = "flagkeeper-test"
TRIAL_ID = 0
"""No event of the log has this id."""


class SampleData(msgspec.Struct, frozen=True, kw_only=True):
    test: bool = True
    message: str = "This is a test of an integration. Nothing was changed."


async def send_test(
    outbound_client: OutboundClient, integration: Integration, keyring: Keyring, links: Links, actor: Actor
) -> Sent:
    """Sends a test message now. It is no delivery: it is not tried again, and nothing is recorded.

    Its type is the first that the integration wants: some receivers know no others.
    """
    receiver = receiver_of(integration, keyring)
    if receiver.problem:
        return not_sent(receiver.problem, Outcome.RETRY)
    event_type = next(iter(integration.events), FeatureCreated.about.type)
    event = trial_event(event_type, actor, clock.now())
    return await transmit(outbound_client, receiver, event, f"msg_test_{new_ulid()}", (), links)


def trial_event(event_type: str, actor: Actor, now: clock.Millis) -> EventOut:
    return EventOut(
        id=TRIAL_ID,
        type=event_type,
        created_at=clock.to_iso(now),
        created_by=actor.name,
        created_by_user_id=actor.user_id,
        data=msgspec.Raw(msgspec.json.encode(SampleData())),
        pre_data=msgspec.Raw(b"null"),
        tags=msgspec.Raw(b"[]"),
        feature_name=FLAG,
        project=None,
        environment=None,
        label="Test",
        summary=f"{bold(actor.name)} sent this message to test the integration. Nothing was changed.",
        ip=msgspec.UNSET,
        group_type=msgspec.UNSET,
        group_id=msgspec.UNSET,
    )
