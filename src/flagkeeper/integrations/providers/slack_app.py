"""Slack by an app of one's own, with its bot token."""

import msgspec

from flagkeeper.integrations.protocol.event_body import tag_values
from flagkeeper.integrations.protocol.headers import check_value
from flagkeeper.integrations.protocol.message import LONGEST_SLACK_TEXT, cut
from flagkeeper.integrations.protocol.message import slack as mrkdwn
from flagkeeper.integrations.protocol.provider import (
    Answer,
    Built,
    EventOut,
    HttpRequest,
    Installation,
    Judgement,
    Links,
    Outcome,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    SendResult,
    judge_http,
    offered,
)
from flagkeeper.integrations.protocol.slack_channels import SLACK_TAG, split

POST_MESSAGE = "https://slack.com/api/chat.postMessage"

_MENDED_BY_TIME = frozenset(
    {"ratelimited", "rate_limited", "fatal_error", "internal_error", "service_unavailable", "request_timeout"}
)

DEFINITION = ProviderDefinition(
    name="slack-app",
    display_name="App for Slack",
    description="Posts messages to Slack channels as an app of your workspace.",
    documentation_url="https://api.slack.com/methods/chat.postMessage",
    how_to="Create a Slack app with the scopes chat:write and chat:write.public, install it into your workspace, and "
    "enter its bot token here. Invite the app to private channels that it is to post to.",
    installation=Installation(
        url="https://api.slack.com/apps",
        title="Create a Slack app",
        help_text="When the app is installed, copy its bot token, which begins with xoxb-.",
    ),
    parameters=(
        Parameter(
            name="accessToken",
            display_name="Access token",
            description="The bot token of your Slack app.",
            placeholder="xoxb-...",
            required=True,
            sensitive=True,
            check=check_value,
        ),
        Parameter(
            name="defaultChannels",
            display_name="Channels",
            description="Where to post every message, separated by commas. A flag's tags of type slack name more.",
        ),
    ),
    address=POST_MESSAGE,
    events=offered("slack-app"),
    tag_types=(SLACK_TAG,),
)


class _Reply(msgspec.Struct, frozen=True):
    """What Slack says in the body of a 200."""

    ok: bool = False
    error: str = "unknown_error"


def build(event: EventOut, parameters: Parameters, links: Links) -> Built:
    channels = split([*tag_values(event, SLACK_TAG.name), parameters.get("defaultChannels", "")])
    if not channels:
        return Built(parts={}, details={"channels": [], "message": ""}, warnings=("There is no channel to post to.",))
    text = cut(mrkdwn(event.summary), LONGEST_SLACK_TEXT)
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Open in Flagkeeper"},
                    "value": "featureToggle",
                    "style": "primary",
                    "url": links.of(event),
                }
            ],
        },
    ]
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Authorization": f"Bearer {parameters['accessToken']}",
    }
    bodies = {
        channel: {"channel": channel, "text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
        for channel in channels
    }
    return Built(
        parts={
            channel: HttpRequest(url=POST_MESSAGE, headers=headers, body=msgspec.json.encode(body))
            for channel, body in bodies.items()
        },
        details={"channels": channels, "message": text},
    )


def judge(answer: Answer) -> Judgement:
    """Slack answers 200 also when it did nothing; the body says so."""
    if answer.result is not SendResult.ANSWERED or answer.status != 200:
        found = judge_http(answer)
        wait = f" (retry after {answer.retry_after:g} s)" if answer.retry_after is not None else ""
        return Judgement(Outcome.PERMANENT if found.outcome is Outcome.DISABLE else found.outcome, found.reason + wait)
    try:
        reply = msgspec.json.decode(answer.body, type=_Reply)
    except msgspec.DecodeError:
        return Judgement(Outcome.RETRY, "Slack's answer cannot be read.")
    if reply.ok:
        return Judgement(Outcome.OK, "Status code: 200 - OK")
    outcome = Outcome.RETRY if reply.error in _MENDED_BY_TIME else Outcome.PERMANENT
    return Judgement(outcome, f"Slack refused the message: {reply.error[:80]}")


PROVIDER = Provider(definition=DEFINITION, build=build, judge=judge)
