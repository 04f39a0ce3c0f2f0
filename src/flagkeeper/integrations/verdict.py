"""What answers mean. Pure; the sender acts on it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus

import msgspec

from flagkeeper.outbound.outgoing import Answer, Fate

_TRY_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
"""Refusals that time mends, as do all of 500 and above."""


class Outcome(StrEnum):
    OK = "ok"
    """Nothing is left to be sent."""
    RETRY = "retry"
    """Some of it may yet be accepted."""
    PERMANENT = "permanent"
    """It will never be accepted as it is."""
    DISABLE = "disable"
    """The receiver is gone for good (410): send it nothing more."""


class State(StrEnum):
    """How people see an attempt (facts: integrations.md, section 7)."""

    SUCCESS = "success"
    FAILED = "failed"
    SUCCESS_WITH_ERRORS = "successWithErrors"


class Judgement(msgspec.Struct, frozen=True):
    """What one answer means."""

    outcome: Outcome
    reason: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the answers of one attempt mean."""

    outcome: Outcome
    state: State
    reason: str
    """For people, a line each: what was answered, or why there was no answer."""
    done: tuple[str, ...] = ()
    """The parts that need not be sent again: accepted, or refused for good."""
    retry_after: float | None = None
    """Seconds that the receiver asked us to wait."""


def judge_http(answer: Answer) -> Judgement:
    """What HTTP says an answer means. A redirect is a refusal: nobody checked where it leads."""
    if answer.fate is Fate.REFUSED:
        return Judgement(Outcome.PERMANENT, f"Not sent: {answer.message}")
    if answer.fate is not Fate.ANSWERED:
        return Judgement(Outcome.RETRY, f"No answer: {answer.message}")
    reason = f"Status code: {answer.status}" + _phrase(answer)
    if 200 <= answer.status < 300:
        return Judgement(Outcome.OK, reason)
    if answer.status == HTTPStatus.GONE:
        return Judgement(Outcome.DISABLE, reason)
    if answer.status >= 500 or answer.status in _TRY_AGAIN:
        return Judgement(Outcome.RETRY, reason)
    return Judgement(Outcome.PERMANENT, reason)


def judge_reply(answer: Answer) -> Judgement:
    """The same for mail servers and brokers, in their own words."""
    found = judge_http(answer)
    words = answer.message[:1].upper() + answer.message[1:]
    return Judgement(found.outcome, words) if answer.fate is Fate.ANSWERED else found


def verdict(
    answers: Mapping[str, Answer], judge: Callable[[Answer], Judgement], warnings: tuple[str, ...] = ()
) -> Verdict:
    """What the answers to the parts that were sent in one attempt mean together. No answers: there was nobody to send
    to, and `warnings` say why."""
    judged = {part: judge(answer) for part, answer in answers.items()}
    accepted = sum(each.outcome is Outcome.OK for each in judged.values())
    lines = [f"{part}: {each.reason}" if len(judged) > 1 else each.reason for part, each in judged.items()]
    waits = [answer.retry_after for answer in answers.values() if answer.retry_after is not None]
    clean = accepted == len(judged) and not warnings
    return Verdict(
        outcome=_together({each.outcome for each in judged.values()}),
        state=State.FAILED if not accepted else State.SUCCESS if clean else State.SUCCESS_WITH_ERRORS,
        reason="\n".join([*lines, *warnings]),
        done=tuple(part for part, each in judged.items() if each.outcome is not Outcome.RETRY),
        retry_after=max(waits, default=None),
    )


def _together(outcomes: set[Outcome]) -> Outcome:
    """Waits while anything may yet be accepted; else is content with what was accepted."""
    order = (Outcome.RETRY, Outcome.OK, Outcome.DISABLE)
    return next((each for each in order if each in outcomes), Outcome.PERMANENT)


def _phrase(answer: Answer) -> str:
    if answer.message:
        return f" - {answer.message}"
    try:
        return f" - {HTTPStatus(answer.status).phrase}"
    except ValueError:
        return ""
