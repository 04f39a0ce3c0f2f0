"""Deliveries: what is to be sent to whom, when it is tried again, and what an attempt comes to. Pure."""

from enum import StrEnum
from typing import Any

import msgspec

from flagkeeper.eventlog.read import EventRow, LogEvent
from flagkeeper.integrations.protocol.verdict import Outcome, State, Verdict
from flagkeeper.kernel import clock

WAITS: tuple[clock.Millis, ...] = (
    5 * clock.SECOND,
    30 * clock.SECOND,
    2 * clock.MINUTE,
    10 * clock.MINUTE,
    1 * clock.HOUR,
    3 * clock.HOUR,
    8 * clock.HOUR,
    20 * clock.HOUR,
    42 * clock.HOUR,
)
"""From one attempt to the next: some 74 hours in all, so that a receiver may be down over a weekend."""
MOST_ATTEMPTS = len(WAITS) + 1
JITTER = 0.2
"""By how much of itself a wait may be longer or shorter: what failed together does not come back together."""
LONGEST_ASKED: clock.Millis = 6 * clock.HOUR
"""A receiver's `Retry-After` is honoured so far."""
PATIENCE: clock.Millis = 96 * clock.HOUR
"""What could not be delivered for so long is given up, also when it was held back and hardly tried."""
LARGEST_DETAILS = 20_000
"""Characters of JSON kept of an attempt's details."""
LONGEST_REASON = 2_000
"""Characters kept of what a receiver, or we, had to say about an attempt."""
AT_ONCE: clock.Millis = 0
"""When a delivery is due that was not tried yet. No clock says so: those of replicas differ."""


class DeliveryState(StrEnum):
    WAITING = "waiting"
    """To be sent, or to be sent again."""
    DONE = "done"
    """Accepted."""
    DEAD = "dead"
    """Given up. It is sent again only when somebody replays it."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to an integration."""

    integration_id: int
    event_id: int
    subject: str
    """What must arrive in order, where order was asked for."""
    attempt: int
    """How often it was tried."""
    message_id: str
    """The same in every attempt, also in a replay: by it a receiver knows what it has got already."""
    parts_done: tuple[str, ...]
    """Which parts of it need not be sent again."""
    since: clock.Millis
    """Since when it waits: the event's time, or that of a replay."""
    event: EventRow | None
    """None: it is in the archive, if it was looked up at all."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt came to, as it is recorded."""

    delivery: Delivery
    number: int
    at: clock.Millis
    state: DeliveryState
    """Of the delivery, from now on."""
    due_at: clock.Millis
    parts_done: tuple[str, ...]
    shown: State
    reason: str
    details: str
    """JSON."""
    disable: bool = False
    """The receiver is gone for good: the integration is to be switched off."""


class Schedule(msgspec.Struct, frozen=True):
    """When to try again. `scale` shortens all waits, for tests."""

    scale: float = 1.0

    def wait(self, attempt: int, asked: float | None, chance: float) -> clock.Millis:
        """How long to wait after attempt number `attempt`: at least the `asked` seconds. `chance` is random, 0 to 1."""
        own = WAITS[attempt - 1] * self.scale * (1 - JITTER + 2 * JITTER * chance)
        wanted = min((asked or 0.0) * clock.SECOND, LONGEST_ASKED * self.scale)
        return max(1, int(max(own, wanted)))

    def patience(self) -> clock.Millis:
        return int(PATIENCE * self.scale)


def subject_of(event: LogEvent) -> str:
    """The thing an event is about, as receivers see it: a flag with all its environments, a segment, a project."""
    if event.feature_name:
        return f"flag/{event.feature_name}"
    return "/".join(event.subject.split("/")[:2])


def judged(
    delivery: Delivery, verdict: Verdict, details: dict[str, Any], schedule: Schedule, now: clock.Millis, chance: float
) -> Attempt:
    """What a verdict means for a delivery."""
    number = delivery.attempt + 1
    due_at, state, disable, parts, then = AT_ONCE, DeliveryState.DEAD, False, delivery.parts_done, "Not tried again."
    match verdict.outcome:
        case Outcome.OK:
            state, then = DeliveryState.DONE, ""
            parts = (*parts, *verdict.done)
        case Outcome.RETRY:
            parts = (*parts, *verdict.done)
            if number < MOST_ATTEMPTS:
                state = DeliveryState.WAITING
                wait = schedule.wait(number, verdict.retry_after, chance)
                due_at, then = now + wait, f"Next try in {spoken(wait)}."
            else:
                then = "That was the last one."
        case Outcome.DISABLE:
            disable, then = True, "The receiver is gone: the integration is switched off."
    return Attempt(
        delivery=delivery,
        number=number,
        at=now,
        state=state,
        due_at=due_at,
        parts_done=parts,
        shown=verdict.state,
        reason=_sentence(f"Attempt {number} of {MOST_ATTEMPTS}: {_clean(verdict.reason)}", then),
        details=kept(details),
        disable=disable,
    )


def expired(delivery: Delivery, now: clock.Millis) -> Attempt:
    """A delivery that waited for too long is given up without another try."""
    return Attempt(
        delivery=delivery,
        number=delivery.attempt,
        at=now,
        state=DeliveryState.DEAD,
        due_at=AT_ONCE,
        parts_done=delivery.parts_done,
        shown=State.FAILED,
        reason=f"Given up after {spoken(now - delivery.since)} and {delivery.attempt} attempts.",
        details="{}",
    )


def spoken(wait: clock.Millis) -> str:
    """A length of time in words: `5 seconds`, `2 minutes`."""
    for unit, word in ((clock.HOUR, "hour"), (clock.MINUTE, "minute"), (clock.SECOND, "second")):
        number = round(wait / unit)
        if number >= 1 and wait >= unit * 0.95:
            return f"{number} {word}{'' if number == 1 else 's'}"
    return "less than a second"


def kept(details: dict[str, Any]) -> str:
    """Details as JSON text; of what is too long, the beginning."""
    text = msgspec.json.encode(details).decode()
    if len(text) <= LARGEST_DETAILS:
        return text
    share = LARGEST_DETAILS // (2 * max(1, len(details)))
    return msgspec.json.encode({name: _shortened(value, share) for name, value in details.items()}).decode()


def _shortened(value: Any, longest: int) -> Any:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return value if len(text) <= longest else f"{text[:longest]}\u2026 (cut)"


def _clean(text: str) -> str:
    """What every database can keep of a text that others wrote."""
    kept_text = text[:LONGEST_REASON].replace("\0", "").encode(errors="replace").decode()
    return kept_text if len(text) <= LONGEST_REASON else f"{kept_text}\u2026 (cut)"


def _sentence(said: str, then: str) -> str:
    """Both, each on its own line when the first has several."""
    if not said.endswith((".", "!", "?")):
        said += "."
    return f"{said}\n{then}".rstrip() if "\n" in said else f"{said} {then}".rstrip()
