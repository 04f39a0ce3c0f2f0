"""What both ways to Slack share. Pure."""

import re
from collections.abc import Iterable

from flagkeeper.features.tags.model import TagType
from flagkeeper.outbound.outgoing import Answer

SLACK_TAG = TagType(
    name="slack", description="Messages about the flag go to the Slack channel of this name", icon="S", color=None
)

_WORDS = re.compile(rb"[a-z_]{1,80}")


def split(texts: Iterable[str]) -> list[str]:
    """The channels of comma-separated lists, each once, without the sign in front."""
    names = (name.strip().removeprefix("#") for text in texts for name in text.split(","))
    return list(dict.fromkeys(filter(None, names)))


def said(answer: Answer) -> str:
    """Slack's word for what went wrong (`invalid_payload`), when there is one."""
    word = answer.body.strip()
    return word.decode() if _WORDS.fullmatch(word) else ""
