"""Why something did not get through."""

from flagkeeper.outbound.outgoing import SendResult


class OutboundError(Exception):
    """Base of these errors. The message is for people."""

    result: SendResult

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(OutboundError):
    """Not sent: this server does not speak to that address, or it is none."""

    result = SendResult.REFUSED


class Unreachable(OutboundError):
    """There was no connection, or it broke before there was an answer."""

    result = SendResult.UNREACHABLE


class TimedOut(OutboundError):
    """There was no answer in time."""

    result = SendResult.TIMED_OUT
