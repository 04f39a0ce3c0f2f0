"""What answers mean. Pure; the sender acts on it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus

import msgspec

from flagkeeper.outbound.outgoing import Answer, SendResult

_FOR_GOOD = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.CONFLICT,
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}
"""Refusals of this message. All others are mended by time, or by people: a token that has expired, a receiver that is
being moved (docs/adr/0471-what-is-tried-again.md)."""


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
    """How people see an attempt."""

    SUCCESS = "success"
    FAILED = "failed"
    SUCCESS_WITH_ERRORS = "successWithErrors"


class Judgement(msgspec.Struct, frozen=True):
    """What one answer means."""

    outcome: Outcome
    reason: str
    complete: bool = True
    """Everybody got it whom it was for."""


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
    """What HTTP says an answer means. A redirect is not followed: nobody checked where it leads."""
    if answer.result is SendResult.REFUSED:
        return Judgement(Outcome.PERMANENT, f"Not sent: {answer.message}")
    if answer.result is not SendResult.ANSWERED:
        return Judgement(Outcome.RETRY, f"No answer: {answer.message}")
    reason = f"Status code: {answer.status}" + _phrase(answer)
    if 200 <= answer.status < 300:
        return Judgement(Outcome.OK, reason)
    if answer.status == HTTPStatus.GONE:
        return Judgement(Outcome.DISABLE, reason)
    return Judgement(Outcome.PERMANENT if answer.status in _FOR_GOOD else Outcome.RETRY, reason)


class _Reply(msgspec.Struct, frozen=True):
    """How answers of 200 say no."""

    ok: bool = True
    success: bool = True


def judge_api(answer: Answer) -> Judgement:
    """The same for receivers whose answers say something: one that took a message does not answer with a web page, as
    the login page of a proxy before it, and does not say that it failed. A body that broke off says nothing."""
    found = judge_http(answer)
    if found.outcome is not Outcome.OK:
        return found
    if answer.body.lstrip()[:1] == b"<":
        doubt = "but a web page was answered. Does the address lead to the API?"
        return Judgement(Outcome.RETRY, f"{found.reason}, {doubt}")
    try:
        reply = msgspec.json.decode(answer.body, type=_Reply)
    except msgspec.DecodeError:
        return found
    if reply.ok and reply.success:
        return found
    return Judgement(Outcome.PERMANENT, f"{found.reason}, but the answer says that the message was not taken.")


def judge_reply(answer: Answer) -> Judgement:
    """The same for mail servers and brokers, in their own words."""
    found = judge_http(answer)
    words = answer.message[:1].upper() + answer.message[1:]
    if answer.result is not SendResult.ANSWERED:
        return found
    return Judgement(found.outcome, words, complete=answer.status != HTTPStatus.MULTI_STATUS)


def verdict(
    answers: Mapping[str, Answer], judge: Callable[[Answer], Judgement], warnings: tuple[str, ...] = ()
) -> Verdict:
    """What the answers to the parts that were sent in one attempt mean together. No answers: there was nobody to send
    to, and `warnings` say why."""
    judged = {part: judge(answer) for part, answer in answers.items()}
    accepted = sum(each.outcome is Outcome.OK for each in judged.values())
    lines = [f"{part}: {each.reason}" if len(judged) > 1 else each.reason for part, each in judged.items()]
    waits = [answer.retry_after for answer in answers.values() if answer.retry_after is not None]
    clean = accepted == len(judged) and all(each.complete for each in judged.values()) and not warnings
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
