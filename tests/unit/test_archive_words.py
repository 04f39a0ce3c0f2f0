"""Names of people are replaced as whole words, in every form in which the log keeps them; everything else stays."""

import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.wording import bold, link
from flagkeeper.eventlog.more import More, read_more
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.version import StoredVersion
from flagkeeper.kernel.change_context import NO_CONTEXT, ChangeContext

ALICE = Replacement("former-user-7", ["alice", "alice@example.com", "Alice O'Neil", "Zoë_1"], 7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alice", "former-user-7"),
        ("ask alice.", "ask former-user-7."),
        ("(alice), alice; alice's", "(former-user-7), former-user-7; former-user-7's"),
        ("alice@example.com", "former-user-7"),
        ("Alice@Example.COM wrote", "former-user-7 wrote"),
        ("https://x/users/alice/flags", "https://x/users/former-user-7/flags"),
        ("mailto:alice%40example.com", "mailto:alice%40example.com"),
        ("to=alice%40example.com", "to=former-user-7"),
        ("Alice O'Neil", "former-user-7"),
        ("Alice O&#x27;Neil", "former-user-7"),
        ("Zoë_1, Zoë\\_1, Zo\\u00eb_1", "former-user-7, former-user-7, former-user-7"),
        ("malice", "malice"),
        ("alice.smith", "alice.smith"),
        ("bob.alice", "bob.alice"),
        ("alice-smith", "alice-smith"),
        ("alice_smith", "alice_smith"),
        ("alice\\_smith", "alice\\_smith"),
        ("alice@other.com", "alice@other.com"),
        ("malice@example.com", "malice@example.com"),
        ("alice@example.com.au", "alice@example.com.au"),
        ("x.alice@example.com", "x.alice@example.com"),
        ("cli:alice", "cli:alice"),
        ("-by:alice,alice@example.com,bob by:alice-smith", "-by:former-user-7,former-user-7,bob by:alice-smith"),
        ('createdBy:"Alice O\'Neil"', 'createdBy:"former-user-7"'),
        ("Alice", "Alice"),
        ("alice2", "alice2"),
    ],
)
def test_whole_words_only(text: str, expected: str) -> None:
    assert ALICE.text(text) == expected


def test_the_longest_name_wins() -> None:
    replacement = Replacement("P", ["Ada", "Ada Lovelace", "Ada Lovelace King"])
    assert replacement.text("Ada Lovelace King met Ada Lovelace and Ada") == "P met P and P"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"by":"alice"}', '{"by":"former-user-7"}'),
        ('{ "by" : "alice" , "n":1.0, "big":123456789012345678901234567890}',)
        + ('{ "by" : "former-user-7" , "n":1.0, "big":123456789012345678901234567890}',),
        ('["alice",["alice"],{"x":["alice"]}]', '["former-user-7",["former-user-7"],{"x":["former-user-7"]}]'),
        ('{"alice":"bob"}', '{"alice":"bob"}'),
        ('{"alice@example.com":true}', '{"former-user-7":true}'),
        ('{"project":"alice","note":"alice"}', '{"project":"alice","note":"former-user-7"}'),
        ('{"environments":["alice"],"by":"alice"}', '{"environments":["alice"],"by":"former-user-7"}'),
        ('{"a":{"project":"x"},"by":"alice"}', '{"a":{"project":"x"},"by":"former-user-7"}'),
        ('{"values":["alice","alice.smith"]}', '{"values":["former-user-7","alice.smith"]}'),
        ('{"q":"\\"alice\\" \\u00e9"}', '{"q":"\\"former-user-7\\" é"}'),
        ('{"by":"\\u0061lice"}', '{"by":"former-user-7"}'),
        ('{"e":"\\u00e9"}', '{"e":"\\u00e9"}'),
        ('{"body":"{\\"by\\":\\"alice\\"}"}', '{"body":"{\\"by\\":\\"former-user-7\\"}"}'),
        ('"alice"', '"former-user-7"'),
        ("null", "null"),
    ],
)
def test_json_stays_as_it_was_but_for_the_names(text: str, expected: str) -> None:
    assert ALICE.json(text) == expected


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("alice"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def _replaced(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each) for each in value]
    return ALICE.text(value) if isinstance(value, str) else value


@given(json_values)
def test_of_any_json_just_the_strings_change(value: Any) -> None:
    text = msgspec.json.encode(value).decode()
    assert msgspec.json.decode(ALICE.json(text)) == msgspec.json.decode(msgspec.json.encode(_replaced(value)))
    without = Replacement("P", ["nobody-has-this-name"])
    assert without.json(text) == text


def event(**changes: Any) -> StoredEvent:
    row = EventRow(
        **{
            "id": 5,
            "type": "feature-updated",
            "created_at": 1,
            "created_by": "alice@example.com",
            "created_by_user_id": 7,
            "project": "shop",
            "environment": None,
            "feature_name": "checkout",
            "data": '{"description":"ask alice"}',
            "pre_data": None,
            "tags": '[{"type":"owner","value":"alice"}]',
            "label": "Flag updated",
            "summary": f"{bold('alice@example.com')} updated {link('checkout', 'projects', 'shop')}",
            "ip": "203.0.113.9",
            "group_type": "transaction",
            "group_id": "G",
            "more": None,
            **changes,
        }
    )
    state = zlib.compress(b'{"owner":"alice","project":"shop"}', 1)
    return StoredEvent(row, "flag/checkout", 1, (StoredVersion("flag/checkout", "flag", 2, state),))


def test_reason_and_ticket_are_words_of_people() -> None:
    said = More(reason="alice asked; not alice.smith", ticket="alice", actor_kind="user", trace_id="alice")
    new = ALICE.event(event(more=said.text())).row
    assert read_more(new.more) == More(
        reason=f"{ALICE.pseudonym} asked; not alice.smith", ticket=ALICE.pseudonym, actor_kind="user", trace_id="alice"
    )
    for more in (None, More(reason="nobody", ticket="OPS-7").text()):
        assert ALICE.event(event(more=more)).row.more == more
    of_thing = event(project="alice", more=said.text())
    assert ALICE.event(of_thing).row.more == of_thing.row.more, "as in the summary, it may be the thing"


def test_a_reason_to_come_loses_the_name_too() -> None:
    context = ChangeContext(reason="forget alice", ticket="GDPR alice", trace_id="alice")
    without = ALICE.context(context)
    assert (without.reason, without.ticket) == (f"forget {ALICE.pseudonym}", f"GDPR {ALICE.pseudonym}")
    assert ALICE.context(NO_CONTEXT) == NO_CONTEXT


def test_a_whole_event() -> None:
    new = ALICE.event(event())
    assert new.row.created_by == "former-user-7"
    assert new.row.created_by_user_id == 7
    assert new.row.data == '{"description":"ask former-user-7"}'
    assert new.row.tags == '[{"type":"owner","value":"former-user-7"}]'
    assert new.row.summary == event().row.summary.replace("alice@example.com", "former-user-7")
    assert new.version is not None
    assert new.version.state is not None
    assert zlib.decompress(new.version.state) == b'{"owner":"former-user-7","project":"shop"}'
    assert (new.version.kind, new.version.schema, new.subject, new.reach) == ("flag", 2, "flag/checkout", 1)
    unchanged = {"id", "type", "created_at", "project", "environment", "feature_name", "label", "ip", "group_id"}
    assert all(getattr(new.row, name) == getattr(event().row, name) for name in unchanged)
    assert ALICE.event(new) is new, "nothing is left to replace"


def test_an_event_without_the_names_stays_the_same_one() -> None:
    other = Replacement("P", ["bob"], 8)
    stored = event()
    assert other.event(stored) is stored


def test_the_author_is_known_by_id_whatever_the_name() -> None:
    new = ALICE.event(event(created_by="ally", created_by_user_id=7, data=None, tags="[]", summary="x"))
    assert new.row.created_by == "former-user-7"


def test_things_with_the_name_of_a_person_keep_it() -> None:
    stored = event(
        created_by="alice",
        feature_name="alice",
        data='{"name":"alice","by":"alice x"}',
        summary=f"{bold('alice')} updated {bold('alice')}",
    )
    new = ALICE.event(stored)
    assert new.row.feature_name == "alice"
    assert new.row.data == '{"name":"alice","by":"former-user-7 x"}'
    assert new.row.summary == "**former-user-7** updated **alice**"
