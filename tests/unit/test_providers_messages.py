"""Sentences for people: whatever a thing is called, it is shown as it is, and never becomes markup."""

import html

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from flagkeeper.eventlog.catalogue.wording import bold, escape, flag_link
from flagkeeper.integrations.protocol import message

NAMES = st.text(
    st.characters(exclude_categories=("C", "Z")) | st.sampled_from("\\`*_[]()<>#|~!&{}+-. "), min_size=1, max_size=60
).filter(lambda name: name == name.strip() and "  " not in name)
"""Everything but control characters: the log makes spaces of those."""


@given(NAMES)
def test_names_come_back_as_they_were(name: str) -> None:
    assert message.plain(f"{bold(name)} did {escape(name)}") == f"{name} did {name}"
    assert message.runs(flag_link(name, "p"))[0].text == name
    assert message.first_link(f"{bold(name)} {flag_link(name, 'p')}").startswith("\x1a/projects/p/features/")


@given(NAMES)
def test_names_are_no_markdown(name: str) -> None:
    shown = MarkdownIt("commonmark").renderInline(message.markdown(bold(name)))
    assert shown == f"<strong>{html.escape(name, quote=False).replace(chr(34), '&quot;')}</strong>"


@given(NAMES)
def test_names_are_no_links_or_mentions_in_slack(name: str) -> None:
    shown = message.slack(f"{bold(name)} and {escape(name)}")
    assert not set("<>") & set(shown)
    assert html.unescape(shown).count(name) >= 2 or "&" in name


@given(NAMES)
def test_names_are_no_html(name: str) -> None:
    assert html.unescape(message.html(escape(name))) == name
    assert message.html(bold(name)) == f"<b>{html.escape(name)}</b>"


def test_a_sentence_in_every_markup() -> None:
    summary = "**anna** enabled **[check\\_out](https://f.example/a_b)** for **50%**"
    assert message.plain(summary) == "anna enabled check_out for 50%"
    assert message.plain_with_links(summary) == "anna enabled check_out (https://f.example/a_b) for 50%"
    assert message.simple(summary) == "*anna* enabled *[check_out](https://f.example/a_b)* for *50%*"
    assert message.slack(summary) == "*anna* enabled *<https://f.example/a_b|check_out>* for *50%*"
    assert message.markdown(summary) == "**anna** enabled **[check\\_out](https://f.example/a_b)** for **50%**"
    assert (
        message.html(summary)
        == '<b>anna</b> enabled <b><a href="https://f.example/a_b">check_out</a></b> for <b>50%</b>'
    )


def test_addresses_end_no_link_early() -> None:
    summary = '[x](https://f.example/a|b>c"d)'
    assert message.slack(summary) == "<https://f.example/a%7Cb%3Ec%22d|x>"
    assert message.first_link("nothing to see") == ""
