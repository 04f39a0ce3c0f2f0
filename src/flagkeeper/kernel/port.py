"""Ports: what a slice must ask a higher one, whose name it must not know."""

from typing import Any, Generic, NamedTuple, TypeVar

P = TypeVar("P")


class Port(Generic[P]):
    """A question, described by the Protocol `P`. A handler gets the answer as its parameter `name`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def answered_by(self, answer: P) -> "Answer":
        return Answer(self, answer)


class Answer(NamedTuple):
    """Made by `Port.answered_by`, which checks its type."""

    port: Port[Any]
    answer: Any
