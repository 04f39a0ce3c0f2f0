"""One attempt: what goes out, and what it comes to."""

import asyncio
from collections.abc import Collection
from typing import Any

import msgspec

from flagkeeper.eventlog.read import EventOut
from flagkeeper.integrations.protocol.provider import Links
from flagkeeper.integrations.protocol.signing import stamped
from flagkeeper.integrations.protocol.verdict import Outcome, State, Verdict
from flagkeeper.integrations.sender.receiver import Receiver
from flagkeeper.kernel import clock
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.outbound.outgoing import Answer, Outgoing


class Sent(msgspec.Struct, frozen=True):
    """What became of one attempt."""

    verdict: Verdict
    details: dict[str, Any]
    tried: bool = True
    """Whether it says anything about the receiver."""


async def transmit(
    outbound_client: OutboundClient,
    receiver: Receiver,
    event: EventOut,
    message_id: str,
    parts_done: Collection[str],
    links: Links,
) -> Sent:
    """Builds what the receiver gets, and sends all of it that has not arrived yet."""
    built = receiver.provider.build(event, receiver.parameters, links)
    left = {name: part for name, part in built.parts.items() if name not in parts_done}
    if built.parts and not left:
        return Sent(
            Verdict(outcome=Outcome.OK, state=State.SUCCESS, reason="Nothing was left to be sent."), built.details
        )
    if len(left) == 1:
        answers = {name: await _send(outbound_client, part, message_id) for name, part in left.items()}
    else:
        found = await asyncio.gather(*(_send(outbound_client, part, message_id) for part in left.values()))
        answers = dict(zip(left, found, strict=True))
    return Sent(receiver.provider.verdict(built, answers), built.details)


async def _send(outbound_client: OutboundClient, part: Outgoing, message_id: str) -> Answer:
    return await outbound_client.send(stamped(part, message_id, clock.now()))


def not_sent(reason: str, outcome: Outcome) -> Sent:
    """Nothing went out, for a reason of ours."""
    return Sent(Verdict(outcome=outcome, state=State.FAILED, reason=reason), {}, tried=False)
