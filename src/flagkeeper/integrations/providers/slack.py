"""Slack by an incoming webhook of the old kind, which can name the channel to post to."""

from http import HTTPStatus

import msgspec

from flagkeeper.integrations.protocol.event_body import masked_url, tag_values
from flagkeeper.integrations.protocol.headers import with_extra
from flagkeeper.integrations.protocol.message import LONGEST_SLACK_TEXT, cut
from flagkeeper.integrations.protocol.message import slack as mrkdwn
from flagkeeper.integrations.protocol.parameters import EXTRA_HEADERS
from flagkeeper.integrations.protocol.provider import (
    Alert,
    Answer,
    Built,
    EventOut,
    HttpRequest,
    Judgement,
    Link,
    Links,
    Outcome,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    judge_api,
    offered,
)
from flagkeeper.integrations.protocol.slack_channels import SLACK_TAG, said, split

_ABOUT_CHANNELS = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
"""With one of Slack's words: there is no such channel, or nobody may post to it."""
APP_URL = "https://api.slack.com/apps"
DEFAULT_USERNAME = "Flagkeeper"
DEFAULT_EMOJI = ":triangular_flag_on_post:"
OLD = (
    "Slack has retired webhooks of this kind. Existing ones go on working; use the provider App for Slack for new ones."
)

DEFINITION = ProviderDefinition(
    name="slack",
    display_name="Slack",
    description="Posts messages to Slack by an incoming webhook.",
    documentation_url="https://api.slack.com/messaging/webhooks",
    deprecated=OLD,
    alerts=(Alert(type="warning", text=OLD, link=Link(url=APP_URL, title="Create a Slack app")),),
    parameters=(
        Parameter(
            name="url",
            display_name="Slack webhook URL",
            type="url",
            description="The address of the incoming webhook.",
            required=True,
            sensitive=True,
        ),
        Parameter(
            name="username",
            display_name="Username",
            placeholder=DEFAULT_USERNAME,
            description=f"Who posts the messages; {DEFAULT_USERNAME} unless you say otherwise.",
        ),
        Parameter(
            name="emojiIcon",
            display_name="Emoji Icon",
            placeholder=DEFAULT_EMOJI,
            description="The picture beside the messages.",
        ),
        Parameter(
            name="defaultChannel",
            display_name="Default channel",
            description="Where to post what is about no flag with a tag of type slack; several, separated by commas.",
            required=True,
        ),
        EXTRA_HEADERS,
    ),
    events=offered("slack"),
    tag_types=(SLACK_TAG,),
)


def build(event: EventOut, parameters: Parameters, links: Links) -> Built:
    channels = split(tag_values(event, SLACK_TAG.name)) or split([parameters["defaultChannel"]])
    username = parameters.get("username") or DEFAULT_USERNAME
    text = cut(mrkdwn(event.summary), LONGEST_SLACK_TEXT)
    headers, warnings = with_extra({"Content-Type": "application/json"}, parameters.get("customHeaders", ""))
    button = {
        "name": "featureToggle",
        "text": "Open in Flagkeeper",
        "type": "button",
        "value": "featureToggle",
        "style": "primary",
        "url": links.of(event),
    }
    bodies = {
        channel: {
            "username": username,
            "icon_emoji": parameters.get("emojiIcon") or DEFAULT_EMOJI,
            "text": text,
            "channel": f"#{channel}",
            "attachments": [{"fallback": button["url"], "actions": [button]}],
        }
        for channel in channels
    }
    return Built(
        parts={
            channel: HttpRequest(url=parameters["url"], headers=headers, body=msgspec.json.encode(body))
            for channel, body in bodies.items()
        },
        details={"url": masked_url(parameters["url"]), "channels": channels, "username": username, "message": text},
        warnings=warnings if channels else ("There is no channel to post to.",),
    )


def judge(answer: Answer) -> Judgement:
    """Slack's words for what went wrong: there is no such channel, or nobody may post to it. One that is gone (410)
    says nothing about the others. Receivers that take Slack's messages may refuse them with 200."""
    found = judge_api(answer)
    words = said(answer) if not 200 <= answer.status < 300 else ""
    final = found.outcome is Outcome.DISABLE or (words and answer.status in _ABOUT_CHANNELS)
    outcome = Outcome.PERMANENT if final else found.outcome
    return Judgement(outcome, f"Status code: {answer.status} - {words}" if words else found.reason)


PROVIDER = Provider(definition=DEFINITION, build=build, judge=judge)
