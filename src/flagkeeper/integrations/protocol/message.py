"""Sentences about events, in the markup of those who read them. Pure.

The catalogue's summaries are markdown whose values are escaped (`catalogue.wording`). Here they are taken apart, and
put together again with the escapes of the target: a name never becomes markup anywhere.
"""

import re
from collections.abc import Callable
from html import escape
from urllib.parse import quote

import msgspec

LONGEST_SLACK_TEXT = 3000
"""Characters that Slack takes in one text block."""
CUT = "\u2026 (cut)"
"""Ends a text that was too long."""

_TOKEN = re.compile(
    r"\\(?P<escaped>[\\`*_\[\]<>#|~])|(?P<bold>\*\*)|\[(?P<text>(?:\\.|[^\[\]\\])*)\]\((?P<url>[^()\s]*)\)"
)
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>#|~])")


class Run(msgspec.Struct, frozen=True):
    """A piece of a sentence, as people read it."""

    text: str
    bold: bool = False
    url: str = ""


def runs(summary: str) -> list[Run]:
    """The pieces of a summary, in order, without any markup or escape."""
    found: list[Run] = []
    plain, bold, position = "", False, 0
    for token in _TOKEN.finditer(summary):
        plain += summary[position : token.start()]
        position = token.end()
        if token["escaped"]:
            plain += token["escaped"]
            continue
        if plain:
            found.append(Run(plain, bold))
            plain = ""
        if token["bold"]:
            bold = not bold
        else:
            found.append(Run(_ESCAPED.sub(r"\1", token["text"]), bold, token["url"]))
    plain += summary[position:]
    return [*found, Run(plain, bold)] if plain else found


def first_link(summary: str) -> str:
    """Where the first link of a summary leads; empty when there is none."""
    return next((run.url for run in runs(summary) if run.url), "")


def plain(summary: str) -> str:
    """Without links or emphasis."""
    return "".join(run.text for run in runs(summary))


def plain_with_links(summary: str) -> str:
    """For e-mail: every address follows its text."""
    return "".join(f"{run.text} ({run.url})" if run.url else run.text for run in runs(summary))


def simple(summary: str) -> str:
    """The style of Unleash's integrations: `*bold*`, `[text](url)`, nothing escaped."""
    return _written(summary, str, lambda text: f"*{text}*", lambda text, url: f"[{text}]({url})")


def slack(summary: str) -> str:
    """Slack's mrkdwn: `*bold*`, `<url|text>`, three characters escaped."""
    return _written(summary, slack_text, lambda text: f"*{text}*", lambda text, url: f"<{_address(url)}|{text}>")


def slack_text(text: str) -> str:
    """Text of others inside mrkdwn. The three characters are all that Slack reads as markup of its own; without them no
    name can become a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown(summary: str) -> str:
    """CommonMark, for Teams and Datadog: every character that could be markup or HTML is escaped."""
    return _written(summary, markdown_text, lambda text: f"**{text}**", lambda text, url: f"[{text}]({_address(url)})")


def html(summary: str) -> str:
    """The little HTML that Grafana shows in annotations."""
    return _written(
        summary, html_text, lambda text: f"<b>{text}</b>", lambda text, url: f'<a href="{html_text(url)}">{text}</a>'
    )


def html_text(text: str) -> str:
    return escape(text, quote=True)


def markdown_text(text: str) -> str:
    return re.sub(r"[\\`*_{}\[\]()<>#+|~!&]", lambda odd: f"\\{odd[0]}", text)


def cut(text: str, longest: int) -> str:
    """At most `longest` characters, the last of which say when something is missing."""
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT


def _written(
    summary: str, escape: Callable[[str], str], bold: Callable[[str], str], link: Callable[[str, str], str]
) -> str:
    """Emphasis stands outside of links, and inside of spaces: what every markup understands."""
    written = []
    for run in runs(summary):
        text = escape(run.text)
        if run.url:
            text = link(text, run.url)
        written.append(bold(text) if run.bold and text.strip() else text)
    return "".join(written)


def _address(url: str) -> str:
    """An address that ends no link early."""
    return quote(url, safe="/:?&=#%@+,;~!$'*-._[]")
